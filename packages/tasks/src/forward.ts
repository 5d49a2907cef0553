import { type HostArray, type TensorBatch, tf, toDevice } from "@kgraft/tensor";

/**
 * Runs a computation on host arrays and reads its result back; nothing stays on the device.
 *
 * @param constants tensors that are on the device already and stay there
 * @returns the numbers of the result, row-major
 */
export async function forward(
  arrays: Readonly<Record<string, HostArray>>,
  constants: TensorBatch,
  compute: (batch: TensorBatch) => tf.Tensor,
): Promise<Float32Array> {
  const result = tf.tidy(() => compute({ ...constants, ...toDevice(arrays) }));
  try {
    return (await result.data<"float32">()).slice();
  } finally {
    result.dispose();
  }
}
