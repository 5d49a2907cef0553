// The cross-entropy over a vocabulary, with its derivatives.
#include <algorithm>

#include "kernel.h"
#include "parallel.h"
#include "softmax-row.h"

namespace kgraft {
namespace {

constexpr int64_t kElements = 1 << 14;  // elements in one range, at least one row

KGRAFT_SIMD float LogSumAndWeights(const float* logits, const float* bias, int64_t classes, float* weights) {
  return SoftmaxRow(logits, bias, 1.0f, classes, weights);
}

// Inputs logits [N, C], bias [C] and labels int32 [N]; outputs losses [N] and their derivatives by the logits [N, C].
void CrossEntropy(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  if (call.Shape(0).size() != 2) return call.Fail("logits are not [N, C]");
  const int64_t rows = call.Shape(0)[0], classes = call.Shape(0)[1];
  if (call.Size(1) != classes || call.Size(2) != rows) return call.Fail("bias or labels do not fit the logits");
  const float *const logits = call.Floats(0), *const bias = call.Floats(1);
  const int32_t* const labels = call.Ints(2);
  for (int64_t row = 0; row < rows; row++)
    if (labels[row] < 0 || labels[row] >= classes) return call.Fail("a label lies outside [0, C)");
  float* const losses = call.Output(0, {rows});
  float* const slopes = call.Output(1, call.Shape(0));
  if (!call.ok()) return;
  const int64_t grain = std::max<int64_t>(1, kElements / std::max<int64_t>(1, classes));
  ParallelFor(rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * classes, label = labels[row];
      const float total = LogSumAndWeights(logits + at, bias, classes, slopes + at);
      losses[row] = total - (logits[at + label] + bias[label]);
      slopes[at + label] -= 1.0f;
    }
  });
}

const bool registered = [] {
  Register("KgraftCrossEntropy", {"logits: float", "bias: float", "labels: int32"}, {"losses: float", "slopes: float"},
           {}, &CrossEntropy);
  return true;
}();

}  // namespace
}  // namespace kgraft
