import * as tf from "@tensorflow/tfjs-core";

/** Gradients by parameter name; a parameter that no loss reached has none. */
export type Gradients = Readonly<Record<string, tf.Tensor>>;

/** The norm of all gradients as one vector, a scalar. */
export function globalNorm(gradients: Gradients): tf.Scalar {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(squares.length === 1 ? (squares[0] as tf.Tensor) : tf.addN(squares)) as tf.Scalar;
  });
}

/**
 * Scales gradients so that their global norm is at most `limit`: by min(1, limit / (norm + 1e-6)), as PyTorch does.
 *
 * @returns new tensors, and the norm before
 */
export function clipByGlobalNorm(gradients: Gradients, limit: tf.Scalar): { gradients: Gradients; norm: tf.Scalar } {
  return tf.tidy(() => {
    const norm = globalNorm(gradients);
    const scale = tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), tf.onesLike(norm));
    const clipped = Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, scale)] as const);
    return { gradients: Object.fromEntries(clipped), norm };
  });
}
