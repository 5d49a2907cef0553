import { tf } from "@kgraft/tensor";
import { blockedDistance } from "./blocked-distance.ts";

/** Added under the root so that a coordinate without difference has a finite slope. */
const TINY = 1e-12;

/** Compares by `-Σ_j |q_j - e_j|` over complex coordinates, the halves of a row being real and imaginary parts. */
export const complexDistance = blockedDistance({
  length: (difference) => tf.sum(modulus(difference), -1),
  direction(difference) {
    const length = modulus(difference);
    return tf.div(difference, tf.concat([length, length], -1));
  },
});

/** |z_j|, float32 [..., E/2] from [..., E]. */
function modulus(rows: tf.Tensor): tf.Tensor {
  const [real, imaginary] = tf.split(rows, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.sqrt(tf.add(tf.add(tf.square(real), tf.square(imaginary)), TINY));
}
