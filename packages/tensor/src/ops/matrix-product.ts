import * as tf from "@tensorflow/tfjs-core";
import { rawOp } from "../backend/raw-op.ts";
import { BATCH_PRODUCT, registerBatchProduct } from "./batch-product-kernel.ts";

/** Which factors of a product are read transposed. */
export interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

/**
 * Multiplies two matrices.
 *
 * On wasm a transposed factor or a batch takes a path 20 times as slow, so factors are transposed first there.
 *
 * @param a float32 [M, K], or [K, M] transposed
 * @param b float32 [K, N], or [N, K] transposed
 * @returns float32 [M, N]
 */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, transposed: Transposed = {}): tf.Tensor2D {
  const { a: transposeA = false, b: transposeB = false } = transposed;
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA, transposeB);
  return tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b));
}

/**
 * Multiplies matrices pair by pair.
 *
 * @param a float32 [G, M, K], or [G, K, M] transposed
 * @param b float32 [G, K, N], or [G, N, K] transposed
 * @returns float32 [G, M, N]
 */
export function batchProduct(a: tf.Tensor3D, b: tf.Tensor3D, transposed: Transposed = {}): tf.Tensor3D {
  const { a: transposeA = false, b: transposeB = false } = transposed;
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA, transposeB);
  return tf.tidy(() => {
    const left = transposeA ? tf.transpose(a, [0, 2, 1]) : a;
    const right = transposeB ? tf.transpose(b, [0, 2, 1]) : b;
    registerBatchProduct();
    return tf.engine().runKernel(BATCH_PRODUCT, { a: left, b: right }) as tf.Tensor3D;
  });
}

/**
 * Sums the rows of a matrix: the gradient of a bias.
 *
 * @param x float32 [N, C]
 * @returns float32 [C]
 */
export function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  if (tf.getBackend() !== "tensorflow") return tf.sum(x, 0) as tf.Tensor1D;
  return rawOp("BiasAddGrad", { T: { type: "float32" } }, [x])[0] as tf.Tensor1D;
}
