// Attention of one head after another, forward and backward, on [B, T, A*D] as it lies: no heads are moved apart, and of the
// weights only a few rows are held. The weights are computed again on the way back.
#include <algorithm>

#include "kernel.h"
#include "parallel.h"
#include "softmax-row.h"

namespace kgraft {
namespace {

constexpr int64_t kRows = 48;   // queries whose weights are held at once
constexpr int64_t kPanel = 16;  // columns of a tile: two vectors
constexpr int kTile = 6;        // rows of a tile

typedef float Vec __attribute__((vector_size(32), aligned(4), may_alias));

int64_t Padded(int64_t width) { return (width + kPanel - 1) / kPanel * kPanel; }

// A matrix that is read element by element: rows and columns may lie in any stride.
struct Factor {
  const float* values;
  int64_t row;
  int64_t column;
};

// c[M, 16] (+)= a[M, depth] b[depth, 16], the sums in registers.
template <int M>
KGRAFT_INLINE void Tile(const Factor& a, const float* b, int64_t b_row, int64_t depth, float* c, int64_t c_row,
                        bool add) {
  Vec low[M], high[M];
#pragma GCC unroll 6
  for (int r = 0; r < M; r++) {
    low[r] = add ? *reinterpret_cast<const Vec*>(c + r * c_row) : Vec{};
    high[r] = add ? *reinterpret_cast<const Vec*>(c + r * c_row + 8) : Vec{};
  }
  for (int64_t k = 0; k < depth; k++) {
    const Vec left = *reinterpret_cast<const Vec*>(b + k * b_row);
    const Vec right = *reinterpret_cast<const Vec*>(b + k * b_row + 8);
#pragma GCC unroll 6
    for (int r = 0; r < M; r++) {
      const float factor = a.values[r * a.row + k * a.column];
      low[r] += factor * left;
      high[r] += factor * right;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < M; r++) {
    *reinterpret_cast<Vec*>(c + r * c_row) = low[r];
    *reinterpret_cast<Vec*>(c + r * c_row + 8) = high[r];
  }
}

// c[rows, width] (+)= a[rows, depth] b[depth, width]; width is a multiple of 16.
KGRAFT_INLINE void Product(const Factor& a, const float* b, int64_t rows, int64_t depth, int64_t width, float* c,
                           bool add) {
  for (int64_t n = 0; n < width; n += kPanel) {
    int64_t m = 0;
    for (; m + kTile <= rows; m += kTile)
      Tile<kTile>({a.values + m * a.row, a.row, a.column}, b + n, width, depth, c + m * width + n, width, add);
    for (; m + 2 <= rows; m += 2)
      Tile<2>({a.values + m * a.row, a.row, a.column}, b + n, width, depth, c + m * width + n, width, add);
    if (m < rows)
      Tile<1>({a.values + m * a.row, a.row, a.column}, b + n, width, depth, c + m * width + n, width, add);
  }
}

// to[count, padded] = from[count, size], zeros behind.
KGRAFT_INLINE void Pack(const float* from, int64_t stride, int64_t count, int64_t size, int64_t padded, float* to) {
  for (int64_t i = 0; i < count; i++) {
    for (int64_t d = 0; d < size; d++) to[i * padded + d] = from[i * stride + d];
    for (int64_t d = size; d < padded; d++) to[i * padded + d] = 0;
  }
}

// to[size, padded] = from[count, size] transposed, zeros behind.
KGRAFT_INLINE void PackTransposed(const float* from, int64_t stride, int64_t count, int64_t size, int64_t padded,
                                  float* to) {
  for (int64_t d = 0; d < size; d++) {
    for (int64_t i = 0; i < count; i++) to[d * padded + i] = from[i * stride + d];
    for (int64_t i = count; i < padded; i++) to[d * padded + i] = 0;
  }
}

KGRAFT_INLINE void Unpack(const float* from, int64_t padded, int64_t count, int64_t size, int64_t stride, float* to) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t d = 0; d < size; d++) to[i * stride + d] = from[i * padded + d];
}

// What all heads of a call have in common.
struct Extents {
  int64_t batch, queries, keys, heads, size, stride;
  int64_t wide, deep;  // keys and size, padded
  int64_t bias_batch, bias_head, bias_row;
  float scale, kept;
  uint32_t threshold, first, second;
};

// One head of one sentence.
struct Head {
  const float *query, *key, *value, *bias;
  uint32_t start;  // of its weights among all, by which dropout is drawn
};

// Memory of one thread, kept between calls.
float* Scratch(int64_t floats) {
  thread_local std::vector<float> memory;
  if (static_cast<int64_t>(memory.size()) < floats) memory.resize(floats);
  return memory.data();
}

// weights[rows, wide] of queries from `first` on.
KGRAFT_INLINE void Weights(const Extents& e, const Head& head, const float* keys, int64_t first, int64_t rows,
                           float* weights) {
  Product({head.query + first * e.stride, e.stride, 1}, keys, rows, e.size, e.wide, weights, false);
  for (int64_t r = 0; r < rows; r++) {
    float* const row = weights + r * e.wide;
    SoftmaxRow(row, head.bias + (first + r) * e.bias_row, e.scale, e.keys, row);
  }
}

KGRAFT_INLINE void Drop(const Extents& e, const Head& head, int64_t first, int64_t rows, const float* from, float* to) {
  for (int64_t r = 0; r < rows; r++)
    DropRow(from + r * e.wide, head.start + static_cast<uint32_t>((first + r) * e.keys), e.keys, e.first, e.second,
            e.threshold, e.kept, to + r * e.wide);
}

KGRAFT_SIMD void Forward(const Extents& e, const Head& head, float* output) {
  float* const keys = Scratch(e.size * e.wide + e.keys * e.deep + kRows * (e.wide + e.deep));
  float* const values = keys + e.size * e.wide;
  float* const weights = values + e.keys * e.deep;
  float* const mixed = weights + kRows * e.wide;
  PackTransposed(head.key, e.stride, e.keys, e.size, e.wide, keys);
  Pack(head.value, e.stride, e.keys, e.size, e.deep, values);
  for (int64_t first = 0; first < e.queries; first += kRows) {
    const int64_t rows = std::min(kRows, e.queries - first);
    Weights(e, head, keys, first, rows, weights);
    if (e.threshold > 0) Drop(e, head, first, rows, weights, weights);
    Product({weights, e.wide, 1}, values, rows, e.keys, e.deep, mixed, false);
    Unpack(mixed, e.deep, rows, e.size, e.stride, output + first * e.stride);
  }
}

KGRAFT_SIMD void Backward(const Extents& e, const Head& head, const float* slope, float* dquery, float* dkey,
                          float* dvalue) {
  const int64_t block = kRows * e.wide, thin = kRows * e.deep, side = e.size * e.wide, tall = e.keys * e.deep;
  float* const keys = Scratch(2 * side + 3 * tall + 3 * block + 3 * thin);
  float* const values = keys + side;         // transposed, as the keys
  float* const upright = values + side;      // keys as they are
  float* const key_sums = upright + tall;    // [keys, deep]
  float* const value_sums = key_sums + tall;
  float* const weights = value_sums + tall;  // [rows, wide]
  float* const dweights = weights + block;
  float* const used = dweights + block;      // weights after dropout
  float* const queries = used + block;       // [rows, deep]
  float* const slopes = queries + thin;
  float* const dqueries = slopes + thin;
  PackTransposed(head.key, e.stride, e.keys, e.size, e.wide, keys);
  PackTransposed(head.value, e.stride, e.keys, e.size, e.wide, values);
  Pack(head.key, e.stride, e.keys, e.size, e.deep, upright);
  std::fill(key_sums, key_sums + 2 * tall, 0.0f);
  for (int64_t first = 0; first < e.queries; first += kRows) {
    const int64_t rows = std::min(kRows, e.queries - first);
    Pack(head.query + first * e.stride, e.stride, rows, e.size, e.deep, queries);
    Pack(slope + first * e.stride, e.stride, rows, e.size, e.deep, slopes);
    Weights(e, head, keys, first, rows, weights);
    Product({slopes, e.deep, 1}, values, rows, e.size, e.wide, dweights, false);
    const float* mixing = weights;
    if (e.threshold > 0) {
      Drop(e, head, first, rows, dweights, dweights);
      Drop(e, head, first, rows, weights, used);
      mixing = used;
    }
    Product({mixing, 1, e.wide}, slopes, e.keys, rows, e.deep, value_sums, true);
    for (int64_t r = 0; r < rows; r++)
      SoftmaxGradRow(weights + r * e.wide, dweights + r * e.wide, e.scale, e.keys, dweights + r * e.wide);
    Product({dweights, e.wide, 1}, upright, rows, e.keys, e.deep, dqueries, false);
    Product({dweights, 1, e.wide}, queries, e.keys, rows, e.deep, key_sums, true);
    Unpack(dqueries, e.deep, rows, e.size, e.stride, dquery + first * e.stride);
  }
  Unpack(key_sums, e.deep, e.keys, e.size, e.stride, dkey);
  Unpack(value_sums, e.deep, e.keys, e.size, e.stride, dvalue);
}

// Reads the extents of a call, whose inputs begin with query [B, Tq, A*D], key and value [B, Tk, A*D], bias [1|B, 1|A, 1|Tq,
// Tk] and the seed of dropout; false where they do not fit.
bool Read(const Call& call, Extents* e) {
  const std::vector<int64_t>&query = call.Shape(0), &key = call.Shape(1), &bias = call.Shape(3);
  if (query.size() != 3 || key.size() != 3 || call.Shape(2) != key || bias.size() != 4) return false;
  if (key[0] != query[0] || key[2] != query[2] || call.Size(4) != 2) return false;
  e->heads = call.attributes.heads;
  if (e->heads < 1 || query[2] % e->heads != 0) return false;
  e->batch = query[0], e->queries = query[1], e->keys = key[1], e->stride = query[2];
  e->size = e->stride / e->heads;
  e->wide = Padded(e->keys), e->deep = Padded(e->size);
  const int64_t wanted[] = {e->batch, e->heads, e->queries};
  for (int axis = 0; axis < 3; axis++)
    if (bias[axis] != 1 && bias[axis] != wanted[axis]) return false;
  if (bias[3] != e->keys) return false;
  e->bias_row = bias[2] == 1 ? 0 : e->keys;
  e->bias_head = bias[1] == 1 ? 0 : bias[2] * e->keys;
  e->bias_batch = bias[0] == 1 ? 0 : bias[1] * bias[2] * e->keys;
  e->scale = call.attributes.scale, e->kept = call.attributes.kept;
  e->threshold = static_cast<uint32_t>(call.attributes.threshold);
  e->first = static_cast<uint32_t>(call.Ints(4)[0]), e->second = static_cast<uint32_t>(call.Ints(4)[1]);
  return true;
}

// Zeros for an output that no head writes to, since there are no queries or no keys.
void Clear(float* output, int64_t size) { std::fill(output, output + size, 0.0f); }

// Calls work(head, offset of its queries, offset of its keys) for every head of every sentence.
template <typename Work>
void EachHead(const Call& call, const Extents& e, const Work& work) {
  if (e.queries == 0 || e.keys == 0 || e.size == 0) return;
  ParallelFor(e.batch * e.heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t sentence = at / e.heads, head = at % e.heads;
      const int64_t mine = sentence * e.queries * e.stride + head * e.size;
      const int64_t others = sentence * e.keys * e.stride + head * e.size;
      const float* const bias = call.Floats(3) + sentence * e.bias_batch + head * e.bias_head;
      const uint32_t start = static_cast<uint32_t>(at * e.queries * e.keys);
      work(Head{call.Floats(0) + mine, call.Floats(1) + others, call.Floats(2) + others, bias, start}, mine, others);
    }
  });
}

// Output [B, Tq, A*D].
void Attention(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  Extents e;
  if (!Read(call, &e)) return call.Fail("query, key, value, bias and heads do not fit each other");
  float* const output = call.Output(0, call.Shape(0));
  if (!call.ok()) return;
  if (e.keys == 0) Clear(output, call.Size(0));
  EachHead(call, e, [&](const Head& head, int64_t mine, int64_t) { Forward(e, head, output + mine); });
}

// One input more: the gradient by the output. Outputs the gradients by query, key and value.
void AttentionGrad(void* kernel, TF_OpKernelContext* context) {
  Call call(context, *static_cast<Attributes*>(kernel));
  if (!call.ok()) return;
  Extents e;
  if (!Read(call, &e) || call.Shape(5) != call.Shape(0))
    return call.Fail("query, key, value, bias, heads and the gradient do not fit each other");
  float* const dquery = call.Output(0, call.Shape(0));
  float* const dkey = call.Output(1, call.Shape(1));
  float* const dvalue = call.Output(2, call.Shape(2));
  if (!call.ok()) return;
  if (e.keys == 0) Clear(dquery, call.Size(0));
  if (e.queries == 0) Clear(dkey, call.Size(1)), Clear(dvalue, call.Size(1));
  const float* const slope = call.Floats(5);
  EachHead(call, e, [&](const Head& head, int64_t mine, int64_t others) {
    Backward(e, head, slope + mine, dquery + mine, dkey + others, dvalue + others);
  });
}

const bool registered = [] {
  Register("KgraftAttention", {"query: float", "key: float", "value: float", "bias: float", "seed: int32"},
           {"output: float"}, {"heads: int", "scale: float", "threshold: int", "kept: float"}, &Attention);
  Register("KgraftAttentionGrad",
           {"query: float", "key: float", "value: float", "bias: float", "seed: int32", "slope: float"},
           {"dquery: float", "dkey: float", "dvalue: float"},
           {"heads: int", "scale: float", "threshold: int", "kept: float"}, &AttentionGrad);
  return true;
}();

}  // namespace
}  // namespace kgraft
