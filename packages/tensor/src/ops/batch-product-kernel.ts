import * as tf from "@tensorflow/tfjs-core";
import type { WasmMemory } from "./wasm-memory.ts";

/** The kernel's name: inputs `a` [G, M, K] and `b` [G, K, N], float32; output [G, M, N]. */
export const BATCH_PRODUCT = "KgraftBatchProduct";

/**
 * Registers the kernel for wasm, once: one product after the other, each by the kernel that is quick for single
 * matrices. The backend's own `unstack` copies the whole batch for every matrix.
 */
export function registerBatchProduct(): void {
  if (tf.getKernel(BATCH_PRODUCT, "wasm") !== undefined) return;
  const matMul = (tf.getKernel(tf.BatchMatMul, "wasm") as tf.KernelConfig).kernelFunc;
  tf.registerKernel({
    kernelName: BATCH_PRODUCT,
    backendName: "wasm",
    kernelFunc: ({ inputs, backend }) => {
      const memory = backend as unknown as WasmMemory;
      const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const [groups, rows] = a.shape as [number, number, number];
      const output = memory.makeOutput([groups, rows, b.shape[2] as number], "float32");
      for (let group = 0; group < groups; group++) {
        const factors = { a: matrixOf(memory, a, group), b: matrixOf(memory, b, group) };
        const product = matMul({ inputs: factors, attrs: { transposeA: false, transposeB: false }, backend });
        const values = memory.typedArrayFromHeap(product as tf.TensorInfo);
        memory.typedArrayFromHeap(output).set(values, group * values.length);
        for (const { dataId } of [factors.a, factors.b, product as tf.TensorInfo]) memory.disposeData(dataId);
      }
      return output;
    },
  });
}

/** A copy of one matrix, [1, M, K]. */
function matrixOf(memory: WasmMemory, { shape, ...rest }: tf.TensorInfo, group: number): tf.TensorInfo {
  const [, rows, columns] = shape as [number, number, number];
  const matrix = memory.makeOutput([1, rows, columns], "float32");
  const size = rows * columns;
  const all = memory.typedArrayFromHeap({ shape, ...rest });
  memory.typedArrayFromHeap(matrix).set(all.subarray(group * size, (group + 1) * size));
  return matrix;
}
