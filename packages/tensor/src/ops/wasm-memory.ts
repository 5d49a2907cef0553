import type * as tf from "@tensorflow/tfjs-core";

/** What the wasm backend gives a kernel: views of its memory. A view is stale once memory was asked for. */
export interface WasmMemory {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
  disposeData(dataId: object): boolean;
}
