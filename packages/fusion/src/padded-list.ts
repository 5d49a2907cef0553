import type { HostArray } from "@kgraft/tensor";

/** Few sizes, so that few graphs are built: the next power of two, from 16 up. */
export function bucketOf(count: number): number {
  let size = 16;
  while (size < count) size *= 2;
  return size;
}

/** Numbers in front, zeros behind. */
export function paddedList(dtype: HostArray["dtype"], values: readonly number[], shape: readonly number[]): HostArray {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const data = { int32: Int32Array, float32: Float32Array, bool: Uint8Array }[dtype];
  const filled = new data(size);
  filled.set(values);
  return { dtype, shape, data: filled };
}

/** As many ones as there are values: what is real before the padding. */
export const ones = (values: readonly unknown[]): readonly number[] => values.map(() => 1);
