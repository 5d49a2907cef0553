#pragma once
// Single rows of a softmax, forward and backward, and of dropout. `ivdep`: a row may be computed in place, which the compiler
// takes for a dependence.
#include "kernel.h"

namespace kgraft {

typedef float Eight __attribute__((vector_size(32)));

// y = softmax(scale * x + bias); returns the logarithm of the sum that was divided by, the maximum included.
KGRAFT_INLINE float SoftmaxRow(const float* x, const float* bias, float scale, int64_t width, float* y) {
  // By hand: a compiler that heeds NaN leaves a maximum alone.
  float highest = -INFINITY;
  Eight most;
  for (int lane = 0; lane < 8; lane++) most[lane] = -INFINITY;
  int64_t done = 0;
  for (; done + 8 <= width; done += 8) {
    Eight score, added;
    std::memcpy(&score, x + done, sizeof(score));
    std::memcpy(&added, bias + done, sizeof(added));
    score = score * scale + added;
    most = score > most ? score : most;
    std::memcpy(y + done, &score, sizeof(score));
  }
  for (int lane = 0; lane < 8; lane++) highest = most[lane] > highest ? most[lane] : highest;
  for (; done < width; done++) {
    y[done] = x[done] * scale + bias[done];
    highest = y[done] > highest ? y[done] : highest;
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
