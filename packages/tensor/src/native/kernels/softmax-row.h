#pragma once
// Single rows of a softmax, forward and backward, and of dropout. `ivdep`: a row may be computed in place, which the compiler
// takes for a dependence.
#include "kernel.h"

namespace kgraft {

// y = softmax(scale * x + bias); returns the logarithm of the sum that was divided by, the maximum included.
KGRAFT_INLINE float SoftmaxRow(const float* x, const float* bias, float scale, int64_t width, float* y) {
  float highest = -INFINITY;
#pragma GCC ivdep
  for (int64_t j = 0; j < width; j++) {
    const float score = x[j] * scale + bias[j];
    y[j] = score;
    highest = score > highest ? score : highest;
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

KGRAFT_INLINE void SoftmaxGradRow(const float* y, const float* dy, float scale, int64_t width, float* dx) {
  float along = 0;
  for (int64_t j = 0; j < width; j++) along += y[j] * dy[j];
#pragma GCC ivdep
  for (int64_t j = 0; j < width; j++) dx[j] = scale * y[j] * (dy[j] - along);
}

KGRAFT_INLINE void DropRow(const float* x, uint32_t start, int64_t width, uint32_t first, uint32_t second,
                           uint32_t threshold, float kept, float* y) {
#pragma GCC ivdep
  for (int64_t j = 0; j < width; j++)
    y[j] = Keep(start + static_cast<uint32_t>(j), first, second, threshold) ? x[j] * kept : 0.0f;
}

}  // namespace kgraft
