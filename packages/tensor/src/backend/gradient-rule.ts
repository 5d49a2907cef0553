import * as tf from "@tensorflow/tfjs-core";

/** Attributes of a kernel call. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The gradient of each input that has one, computed when asked for. */
export type InputGradients = Record<string, () => tf.Tensor>;

/** How one kernel is differentiated. */
export type GradientRule = tf.GradConfig;

/**
 * Makes the rule of a kernel of one output.
 *
 * @param inputs names of the inputs that the rule reads
 * @param outputs whether the rule reads the output
 */
export function rule(
  kernelName: string,
  inputs: string[],
  outputs: boolean[],
  gradients: (dy: tf.Tensor, saved: readonly tf.Tensor[], attributes: Attributes) => InputGradients,
): GradientRule {
  return {
    kernelName,
    inputsToSave: inputs,
    outputsToSave: outputs,
    gradFunc: (dy, saved, attributes) => gradients(dy as tf.Tensor, saved, attributes as unknown as Attributes),
  };
}

/** Gives a tensor an identity of its own: the tape disposes what it has added up, so gradients are never shared. */
export const fresh = (x: tf.Tensor): tf.Tensor => tf.clone(x);

/** Sums a gradient over the axes along which its input was broadcast. */
export function sumToShape(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const extra = dy.rank - shape.length;
  const axes = dy.shape.flatMap((size, axis) => (axis < extra || shape[axis - extra] !== size ? [axis] : []));
  return axes.length === 0 ? fresh(dy) : tf.reshape(tf.sum(dy, axes), [...shape]);
}
