// GELU and dropout, forward and backward.
#include "kernel.h"
#include "parallel.h"

namespace kgraft {
namespace {

constexpr int64_t kElements = 1 << 14;  // elements in one range
constexpr float kSqrt2OverPi = 0.79788456f;
constexpr float kCubic = 0.044715f;

// The normal distribution function, from a polynomial in 1 / (1 + z/2) for erfc(z) e^(z²), fitted to 4e-8.
KGRAFT_INLINE float Phi(float x, float bell) {
  const float t = 1.0f / (1.0f + 0.35355339f * __builtin_fabsf(x));
  float sum = -0.05880779343f;
  sum = sum * t + 0.2832923789f;
  sum = sum * t - 0.4844917229f;
  sum = sum * t + 0.2748724391f;
  sum = sum * t - 0.02434442654f;
  sum = sum * t + 0.2016932366f;
  sum = sum * t + 0.2433545364f;
  sum = sum * t + 0.2823436471f;
  sum = sum * t + 0.2820876320f;
  sum = sum * t + 3.541994952e-8f;
  const float tail = 0.5f * sum * bell;
  return x < 0 ? tail : 1.0f - tail;
}

KGRAFT_SIMD void GeluErf(const float* x, int64_t count, float* y) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] * Phi(x[i], Exp(-0.5f * x[i] * x[i]));
}

KGRAFT_SIMD void GeluErfGrad(const float* dy, const float* x, int64_t count, float* dx) {
  for (int64_t i = 0; i < count; i++) {
    const float bell = Exp(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (Phi(x[i], bell) + x[i] * bell * 0.39894228f);
  }
}

KGRAFT_INLINE float Tanh(float u) { return 1.0f - 2.0f / (Exp(2.0f * u) + 1.0f); }

KGRAFT_SIMD void GeluTanh(const float* x, int64_t count, float* y) {
  for (int64_t i = 0; i < count; i++)
    y[i] = 0.5f * x[i] * (1.0f + Tanh(kSqrt2OverPi * x[i] * (1.0f + kCubic * x[i] * x[i])));
}

KGRAFT_SIMD void GeluTanhGrad(const float* dy, const float* x, int64_t count, float* dx) {
  for (int64_t i = 0; i < count; i++) {
    const float square = x[i] * x[i];
    const float tanh = Tanh(kSqrt2OverPi * x[i] * (1.0f + kCubic * square));
    const float slope = kSqrt2OverPi * (1.0f + 3.0f * kCubic * square);
    dx[i] = dy[i] * 0.5f * (1.0f + tanh + x[i] * slope * (1.0f - tanh * tanh));
  }
}

KGRAFT_SIMD void Drop(const float* x, uint32_t start, int64_t count, uint32_t first, uint32_t second,
                      uint32_t threshold, float kept, float* y) {
  for (int64_t i = 0; i < count; i++)
    y[i] = Keep(start + static_cast<uint32_t>(i), first, second, threshold) ? x[i] * kept : 0.0f;
}

void Gelu(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  float* const y = call.Output(0, call.Shape(0));
  if (!call.ok()) return;
  const float* const x = call.Floats(0);
  const auto compute = call.attributes.tanh ? &GeluTanh : &GeluErf;
  ParallelFor(call.Size(0), kElements, [&](int64_t begin, int64_t end) { compute(x + begin, end - begin, y + begin); });
}

void GeluGrad(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  if (call.Size(0) != call.Size(1)) return call.Fail("dy and x differ in shape");
  float* const dx = call.Output(0, call.Shape(1));
  if (!call.ok()) return;
  const float *const dy = call.Floats(0), *const x = call.Floats(1);
  const auto compute = call.attributes.tanh ? &GeluTanhGrad : &GeluErfGrad;
  ParallelFor(call.Size(0), kElements,
              [&](int64_t begin, int64_t end) { compute(dy + begin, x + begin, end - begin, dx + begin); });
}

void Dropout(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  float* const y = call.Output(0, call.Shape(0));
  if (!call.ok()) return;
  const float* const x = call.Floats(0);
  const uint32_t first = static_cast<uint32_t>(call.Ints(1)[0]), second = static_cast<uint32_t>(call.Ints(1)[1]);
  const uint32_t threshold = static_cast<uint32_t>(call.attributes.threshold);
  ParallelFor(call.Size(0), kElements, [&](int64_t begin, int64_t end) {
    Drop(x + begin, static_cast<uint32_t>(begin), end - begin, first, second, threshold, call.attributes.kept,
         y + begin);
  });
}

const bool registered = [] {
  Register("KgraftGelu", {"x: float"}, {"y: float"}, {"tanh: bool"}, &Gelu);
  Register("KgraftGeluGrad", {"dy: float", "x: float"}, {"dx: float"}, {"tanh: bool"}, &GeluGrad);
  Register("KgraftDropout", {"x: float", "seed: int32"}, {"y: float"}, {"threshold: int", "kept: float"}, &Dropout);
  return true;
}();

}  // namespace
}  // namespace kgraft
