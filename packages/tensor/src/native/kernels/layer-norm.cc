// Layer normalisation, alone and at the end of a sublayer, forward and backward.
#include <algorithm>

#include "kernel.h"
#include "parallel.h"

namespace kgraft {
namespace {

constexpr int64_t kRows = 32;  // rows in one range

struct Mask {
  uint32_t first;
  uint32_t second;
  uint32_t threshold;
  float kept;
};

// sum = residual + x, elements of x dropped.
KGRAFT_SIMD void AddDropped(const float* x, const float* residual, int64_t offset, int64_t count, Mask mask,
                            float* sum) {
  const uint32_t start = static_cast<uint32_t>(offset);
  for (int64_t j = 0; j < count; j++) {
    const bool keep = Keep(start + static_cast<uint32_t>(j), mask.first, mask.second, mask.threshold);
    sum[j] = residual[j] + (keep ? x[j] * mask.kept : 0.0f);
  }
}

KGRAFT_SIMD void Add(const float* x, const float* residual, int64_t count, float* sum) {
  for (int64_t j = 0; j < count; j++) sum[j] = residual[j] + x[j];
}

// Normalises a row; `normal` may be the row itself. Returns 1 / standard deviation.
KGRAFT_SIMD float NormalizeRow(const float* x, const float* gain, const float* bias, int64_t width, float epsilon,
                               float* normal, float* y) {
  float total = 0;
  for (int64_t j = 0; j < width; j++) total += x[j];
  const float mean = total / width;
  float squares = 0;
  for (int64_t j = 0; j < width; j++) squares += (x[j] - mean) * (x[j] - mean);
  const float scale = 1.0f / std::sqrt(squares / width + epsilon);
#pragma GCC ivdep
  for (int64_t j = 0; j < width; j++) {
    const float value = (x[j] - mean) * scale;
    normal[j] = value;
    y[j] = value * gain[j] + bias[j];
  }
  return scale;
}

KGRAFT_SIMD void GradientRow(const float* dy, const float* normal, const float* gain, float scale, int64_t width,
                             float* dx, float* dgain, float* dbias) {
  float mean = 0;
  float along = 0;
  for (int64_t j = 0; j < width; j++) {
    const float slope = dy[j] * gain[j];
    mean += slope;
    along += slope * normal[j];
    dgain[j] += dy[j] * normal[j];
    dbias[j] += dy[j];
  }
  mean /= width;
  along /= width;
  for (int64_t j = 0; j < width; j++) dx[j] = scale * (dy[j] * gain[j] - mean - normal[j] * along);
}

// Inputs x, gain, bias or x, residual, gain, bias, seed; outputs y, the normalised rows, and their scales.
void Forward(void* kernel, TF_OpKernelContext* context, bool with_residual) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  const int first = with_residual ? 2 : 1;
  const int64_t width = call.LastDim(0);
  const int64_t rows = width == 0 ? 0 : call.Size(0) / width;
  if (call.Size(first) != width || call.Size(first + 1) != width || (with_residual && call.Size(1) != call.Size(0)))
    return call.Fail("shapes of x, residual, gain and bias do not fit");
  float* const y = call.Output(0, call.Shape(0));
  float* const normal = call.Output(1, call.Shape(0));
  float* const scales = call.Output(2, {rows});
  if (!call.ok()) return;
  const float* const x = call.Floats(0);
  const float* const residual = with_residual ? call.Floats(1) : nullptr;
  const float* const gain = call.Floats(first);
  const float* const bias = call.Floats(first + 1);
  Mask mask{0, 0, static_cast<uint32_t>(call.attributes.threshold), call.attributes.kept};
  if (with_residual) {
    mask.first = static_cast<uint32_t>(call.Ints(4)[0]);
    mask.second = static_cast<uint32_t>(call.Ints(4)[1]);
  }
  ParallelFor(rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * width;
      const float* source = x + at;
      if (with_residual) {
        if (mask.threshold > 0)
          AddDropped(x + at, residual + at, at, width, mask, normal + at);
        else
          Add(x + at, residual + at, width, normal + at);
        source = normal + at;
      }
      scales[row] = NormalizeRow(source, gain, bias, width, call.attributes.epsilon, normal + at, y + at);
    }
  });
}

void LayerNorm(void* kernel, TF_OpKernelContext* context) { Forward(kernel, context, false); }
void ResidualNorm(void* kernel, TF_OpKernelContext* context) { Forward(kernel, context, true); }

// Inputs dy, normal, scales, gain; outputs dx, dgain, dbias.
void LayerNormGrad(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  const int64_t width = call.LastDim(0);
  const int64_t rows = width == 0 ? 0 : call.Size(0) / width;
  float* const dx = call.Output(0, call.Shape(0));
  float* const dgain = call.Output(1, {width});
  float* const dbias = call.Output(2, {width});
  if (!call.ok()) return;
  const float *const dy = call.Floats(0), *const normal = call.Floats(1), *const scales = call.Floats(2),
              *const gain = call.Floats(3);
  // One pair of sums a range, added up in order afterwards: the same for any number of threads.
  const int64_t ranges = (rows + kRows - 1) / kRows;
  std::vector<float> sums(ranges * 2 * width, 0.0f);
  ParallelFor(rows, kRows, [&](int64_t begin, int64_t end) {
    float* const gains = sums.data() + begin / kRows * 2 * width;
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * width;
      GradientRow(dy + at, normal + at, gain, scales[row], width, dx + at, gains, gains + width);
    }
  });
  std::fill(dgain, dgain + width, 0.0f);
  std::fill(dbias, dbias + width, 0.0f);
  for (int64_t range = 0; range < ranges; range++)
    for (int64_t j = 0; j < width; j++) {
      dgain[j] += sums[range * 2 * width + j];
      dbias[j] += sums[(range * 2 + 1) * width + j];
    }
}

const bool registered = [] {
  const auto outputs = {"y: float", "normal: float", "scales: float"};
  Register("KgraftLayerNorm", {"x: float", "gain: float", "bias: float"}, outputs, {"epsilon: float"}, &LayerNorm);
  Register("KgraftDropoutResidualNorm", {"x: float", "residual: float", "gain: float", "bias: float", "seed: int32"},
           outputs, {"epsilon: float", "threshold: int", "kept: float"}, &ResidualNorm);
  Register("KgraftLayerNormGrad", {"dy: float", "normal: float", "scales: float", "gain: float"},
           {"dx: float", "dgain: float", "dbias: float"}, {}, &LayerNormGrad);
  return true;
}();

}  // namespace
}  // namespace kgraft
