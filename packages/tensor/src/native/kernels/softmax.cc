// The softmax of attention scores, and the cross-entropy over a vocabulary, forward and backward. `ivdep`: a row may be
// computed in place, which the compiler takes for a dependence.
#include <algorithm>

#include "kernel.h"
#include "parallel.h"

namespace kgraft {
namespace {

constexpr int64_t kElements = 1 << 14;  // elements in one range, at least one row

int64_t Grain(int64_t width) { return std::max<int64_t>(1, kElements / std::max<int64_t>(1, width)); }

// y = softmax(scale * x + bias); returns the logarithm of the sum that was divided by, the maximum included.
KGRAFT_SIMD float SoftmaxRow(const float* x, const float* bias, float scale, int64_t width, float* y) {
  float highest = -INFINITY;
  for (int64_t j = 0; j < width; j++) {
    y[j] = x[j] * scale + bias[j];
    highest = y[j] > highest ? y[j] : highest;
  }
  float total = 0;
  for (int64_t j = 0; j < width; j++) {
    y[j] = Exp(y[j] - highest);
    total += y[j];
  }
  const float share = 1.0f / total;
  for (int64_t j = 0; j < width; j++) y[j] *= share;
  return highest + std::log(total);
}

KGRAFT_SIMD void SoftmaxGradRow(const float* y, const float* dy, float scale, int64_t width, float* dx) {
  float along = 0;
  for (int64_t j = 0; j < width; j++) along += y[j] * dy[j];
#pragma GCC ivdep
  for (int64_t j = 0; j < width; j++) dx[j] = scale * y[j] * (dy[j] - along);
}

KGRAFT_SIMD void DropRow(const float* x, uint32_t start, int64_t width, uint32_t first, uint32_t second,
                         uint32_t threshold, float kept, float* y) {
  for (int64_t j = 0; j < width; j++)
    y[j] = Keep(start + static_cast<uint32_t>(j), first, second, threshold) ? x[j] * kept : 0.0f;
}

// Inputs scores [B, A, Tq, Tk] and bias [1|B, 1|A, 1|Tq, Tk]; output the weights [B, A, Tq, Tk].
void AttentionSoftmax(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  const std::vector<int64_t>&shape = call.Shape(0), &bias_shape = call.Shape(1);
  if (shape.size() != 4 || bias_shape.size() != 4 || bias_shape[3] != shape[3])
    return call.Fail("scores and bias are not [B, A, Tq, Tk]");
  for (int axis = 0; axis < 3; axis++)
    if (bias_shape[axis] != 1 && bias_shape[axis] != shape[axis]) return call.Fail("bias does not broadcast to scores");
  float* const weights = call.Output(0, shape);
  if (!call.ok()) return;
  const float *const scores = call.Floats(0), *const bias = call.Floats(1);
  const int64_t heads = shape[1], queries = shape[2], keys = shape[3];
  const int64_t row_stride = bias_shape[2] == 1 ? 0 : keys;
  const int64_t head_stride = bias_shape[1] == 1 ? 0 : bias_shape[2] * keys;
  const int64_t batch_stride = bias_shape[0] == 1 ? 0 : bias_shape[1] * bias_shape[2] * keys;
  ParallelFor(shape[0] * heads * queries, Grain(keys), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t query = row % queries, head = row / queries % heads, sentence = row / queries / heads;
      const float* const added = bias + sentence * batch_stride + head * head_stride + query * row_stride;
      SoftmaxRow(scores + row * keys, added, call.attributes.scale, keys, weights + row * keys);
    }
  });
}

// Inputs weights, the gradient by the weights after dropout, and the seed; output the gradient by the scores.
void AttentionSoftmaxGrad(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  if (call.Size(0) != call.Size(1)) return call.Fail("weights and their gradient differ in shape");
  float* const dscores = call.Output(0, call.Shape(0));
  if (!call.ok()) return;
  const float *const weights = call.Floats(0), *const dused = call.Floats(1);
  const uint32_t first = static_cast<uint32_t>(call.Ints(2)[0]), second = static_cast<uint32_t>(call.Ints(2)[1]);
  const uint32_t threshold = static_cast<uint32_t>(call.attributes.threshold);
  const int64_t keys = call.LastDim(0), rows = keys == 0 ? 0 : call.Size(0) / keys;
  ParallelFor(rows, Grain(keys), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * keys;
      const float* dweights = dused + at;
      if (threshold > 0) {
        DropRow(dweights, static_cast<uint32_t>(at), keys, first, second, threshold, call.attributes.kept, dscores + at);
        dweights = dscores + at;
      }
      SoftmaxGradRow(weights + at, dweights, call.attributes.scale, keys, dscores + at);
    }
  });
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
  ParallelFor(rows, Grain(classes), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * classes, label = labels[row];
      const float total = SoftmaxRow(logits + at, bias, 1.0f, classes, slopes + at);
      losses[row] = total - (logits[at + label] + bias[label]);
      slopes[at + label] -= 1.0f;
    }
  });
}

const bool registered = [] {
  Register("KgraftAttentionSoftmax", {"scores: float", "bias: float"}, {"weights: float"}, {"scale: float"},
           &AttentionSoftmax);
  Register("KgraftAttentionSoftmaxGrad", {"weights: float", "dused: float", "seed: int32"}, {"dscores: float"},
           {"scale: float", "threshold: int", "kept: float"}, &AttentionSoftmaxGrad);
  Register("KgraftCrossEntropy", {"logits: float", "bias: float", "labels: int32"}, {"losses: float", "slopes: float"},
           {}, &CrossEntropy);
  return true;
}();

}  // namespace
}  // namespace kgraft
