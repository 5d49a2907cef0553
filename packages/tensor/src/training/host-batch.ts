import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { HostArray, HostBatch, TensorBatch } from "../contract.ts";
import { shapeText, sizeOf } from "../shapes.ts";

const arrayTypes = { int32: Int32Array, float32: Float32Array, bool: Uint8Array } as const;

/**
 * Copies arrays to the device. The host's buffers stay free for other use; the tensors are the caller's to dispose.
 *
 * @throws RunError `tensor.batch` where an array's data does not fit its dtype or shape
 */
export function toDevice(arrays: HostBatch["arrays"]): TensorBatch {
  const tensors: Record<string, tf.Tensor> = {};
  for (const [name, array] of Object.entries(arrays)) {
    checkArray(name, array);
    // A copy: the backend may go on using the very buffer that it is given.
    tensors[name] = tf.tensor(array.data.slice(), [...array.shape], array.dtype);
  }
  return tensors;
}

/** `ids int32 [16, 128], mask bool [16, 128]`, for messages. */
export function describeArrays(arrays: HostBatch["arrays"]): string {
  return Object.entries(arrays)
    .map(([name, { dtype, shape }]) => `${name} ${dtype} ${shapeText(shape)}`)
    .join(", ");
}

function checkArray(name: string, { dtype, shape, data }: HostArray): void {
  const wanted = arrayTypes[dtype];
  if (!(data instanceof wanted))
    throw batchError(name, `is ${dtype} in a ${(data as object).constructor.name}`, `Wanted ${wanted.name}`);
  if (data.length !== sizeOf(shape))
    throw batchError(name, `has ${data.length} values`, `Its shape ${shapeText(shape)} takes ${sizeOf(shape)}`);
}

function batchError(name: string, problem: string, wanted: string): RunError {
  return new RunError({ code: "tensor.batch", at: `batch.${name}`, problem, wanted });
}
