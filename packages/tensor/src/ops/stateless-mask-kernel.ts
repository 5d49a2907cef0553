import * as tf from "@tensorflow/tfjs-core";
import { maskConstants } from "./mask-constants.ts";
import type { WasmMemory } from "./wasm-memory.ts";

/** The kernel's name: input `seed` int32 [2]; attributes `shape` and `rate`; output float32. */
export const STATELESS_MASK = "KgraftStatelessMask";

/** What the cpu backend gives a kernel: its arrays. */
interface CpuMemory {
  readonly data: { get(id: object): { values: Int32Array } };
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Float32Array): tf.TensorInfo;
}

/** Registers the kernel for the backends whose memory JavaScript can write, once. */
export function registerMaskKernels(): void {
  if (tf.getKernel(STATELESS_MASK, "cpu") !== undefined) return;
  tf.registerKernel({
    kernelName: STATELESS_MASK,
    backendName: "cpu",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const memory = backend as unknown as CpuMemory;
      const { shape, rate } = attrs as unknown as { shape: number[]; rate: number };
      const seed = memory.data.get((inputs.seed as tf.TensorInfo).dataId).values;
      const mask = fillMask(new Float32Array(tf.util.sizeFromShape(shape)), seed, rate);
      return memory.makeTensorInfo(shape, "float32", mask);
    },
  });
  tf.registerKernel({
    kernelName: STATELESS_MASK,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const memory = backend as unknown as WasmMemory;
      const { shape, rate } = attrs as unknown as { shape: number[]; rate: number };
      const output = memory.makeOutput(shape, "float32");
      const seed = memory.typedArrayFromHeap(inputs.seed as tf.TensorInfo);
      fillMask(memory.typedArrayFromHeap(output) as Float32Array, seed, rate);
      return output;
    },
  });
}

/** A keyed 32-bit mixing of the element's index: three rounds of multiply and shift-xor, key words in between. */
function fillMask(mask: Float32Array, seed: ArrayLike<number>, rate: number): Float32Array {
  const first = seed[0] as number;
  const second = seed[1] as number;
  const { threshold, kept } = maskConstants(rate);
  for (let i = 0; i < mask.length; i++) {
    let bits = Math.imul(i ^ first, 0x9e3779b1);
    bits = Math.imul(bits ^ (bits >>> 16) ^ second, 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15) ^ first, 0x735a2d97);
    bits = Math.imul(bits ^ (bits >>> 15) ^ second, 0x45d9f3b3);
    mask[i] = (bits ^ (bits >>> 16)) >>> 0 >= threshold ? kept : 0;
  }
  return mask;
}
