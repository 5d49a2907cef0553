#pragma once
// What the kernels share: registration through TensorFlow's C API, access to tensors, and the mathematics.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// A loop in this function is compiled for several generations of processors; the best is taken when it loads.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define KGRAFT_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define KGRAFT_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define KGRAFT_SIMD
#endif
#define KGRAFT_INLINE inline __attribute__((always_inline))

namespace kgraft {

// The attributes that any of the kernels has; each reads those that its op declares.
struct Attributes {
  float epsilon = 0;
  int64_t threshold = 0;  // of dropout: a 32-bit draw below it is dropped; 0 drops nothing
  float kept = 1;         // of dropout: what is kept is multiplied by this
  float scale = 1;
  int64_t heads = 1;  // of attention
  TF_Bool tanh = 0;
};

// One call of a kernel. Errors end up in the call's status; `ok` is false after one.
class Call {
 public:
  Call(TF_OpKernelContext* context, const Attributes& attributes);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Attributes& attributes;
  bool ok() const;
  void Fail(const char* message);

  const float* Floats(int input) const { return static_cast<const float*>(TF_TensorData(inputs_[input])); }
  const int32_t* Ints(int input) const { return static_cast<const int32_t*>(TF_TensorData(inputs_[input])); }
  const std::vector<int64_t>& Shape(int input) const { return shapes_[input]; }
  int64_t Size(int input) const { return TF_TensorElementCount(inputs_[input]); }
  int64_t LastDim(int input) const { return shapes_[input].empty() ? 1 : shapes_[input].back(); }

  // Allocates a float32 output.
  float* Output(int index, const std::vector<int64_t>& shape);

 private:
  TF_OpKernelContext* const context_;
  TF_Status* const status_;
  std::vector<TF_Tensor*> inputs_;
  std::vector<TF_Tensor*> outputs_;
  std::vector<std::vector<int64_t>> shapes_;
};

// Registers an op and its CPU kernel under the same name. `inputs`, `outputs` and `attributes` are TensorFlow's
// declarations, e.g. "x: float".
void Register(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
              std::initializer_list<const char*> attributes, void (*compute)(void*, TF_OpKernelContext*));

// e^x with a relative error of 2^-23; exactly 0 below -88. Free of branches, so that loops over it become vector code.
KGRAFT_INLINE float Exp(float x) {
  // At the lower bound the power of two is -127, whose bits are those of 0.
  const float above = x < -88.03f ? -88.03f : x;
  const float bounded = above > 88.0f ? 88.0f : above;
  // Rounded to the nearest integer by truncation, which every processor does on whole vectors.
  const int32_t power_of_two = static_cast<int32_t>(bounded * 1.44269504f + __builtin_copysignf(0.5f, bounded));
  const float n = static_cast<float>(power_of_two);
  float r = bounded - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float sum = 1.0f / 5040;
  sum = sum * r + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const int32_t bits = (power_of_two + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof(power));
  return sum * power;
}

// Whether element i of a dropout mask is kept: the same mixing of index and seed as in stateless-mask-kernel.ts.
KGRAFT_INLINE bool Keep(uint32_t i, uint32_t first, uint32_t second, uint32_t threshold) {
  uint32_t bits = (i ^ first) * 0x9e3779b1u;
  bits = (bits ^ (bits >> 16) ^ second) * 0x21f0aaadu;
  bits = (bits ^ (bits >> 15) ^ first) * 0x735a2d97u;
  bits = (bits ^ (bits >> 15) ^ second) * 0x45d9f3b3u;
  return (bits ^ (bits >> 16)) >= threshold;
}

}  // namespace kgraft
