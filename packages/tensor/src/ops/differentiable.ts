import * as tf from "@tensorflow/tfjs-core";

/** The gradient of each input that has one, computed when the tape asks for it. */
export type Gradients<Name extends string> = Partial<Record<Name, () => tf.Tensor>>;

/**
 * What TensorFlow.js's `customGrad` is made of. Called directly for two things that `customGrad` does not give: a
 * gradient is computed only for the inputs that lie on the way to what is trained (frozen layers cost nothing), and
 * inputs without a gradient (ids, masks) are allowed.
 */
interface TapeEngine {
  runKernelFunc(parameters: {
    readonly inputs: Record<string, tf.Tensor>;
    readonly forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
    readonly backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Record<string, (() => tf.Tensor) | undefined>;
  }): tf.Tensor;
}

/**
 * Runs an op with a gradient written by hand.
 *
 * @param inputs what the op reads, by name
 * @param forward computes the value; what it hands to `save` is given to `backward`
 * @param backward gives the gradients, each a new tensor; what it computes outside a gradient's own function lives until
 *   the whole backward pass ends
 */
export function differentiable<Name extends string>(
  inputs: { readonly [name in Name]?: tf.Tensor },
  forward: (save: (...tensors: tf.Tensor[]) => void) => tf.Tensor,
  backward: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => Gradients<Name>,
): tf.Tensor {
  return (tf.engine() as unknown as TapeEngine).runKernelFunc({
    inputs: inputs as Record<string, tf.Tensor>,
    forwardFunc: (_backend, save) => forward((...tensors) => save(tensors)),
    backwardsFunc: (dy, saved) => backward(dy, saved) as Record<string, (() => tf.Tensor) | undefined>,
  });
}
