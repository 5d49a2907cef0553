import { InputError } from "@kgraft/runtime";
import { tf } from "@kgraft/tensor";

/** Halves of complex rows: real parts, then imaginary parts, each float32 [B, E/2]. */
export function halves(rows: tf.Tensor2D): [real: tf.Tensor2D, imaginary: tf.Tensor2D] {
  return tf.split(rows, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
}

/** Joins real and imaginary parts to rows. */
export function joined(real: tf.Tensor, imaginary: tf.Tensor): tf.Tensor2D {
  return tf.concat([real as tf.Tensor2D, imaginary as tf.Tensor2D], 1);
}

/** The product of complex rows, coordinate by coordinate. */
export function times(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const [aReal, aImaginary] = halves(a);
  const [bReal, bImaginary] = halves(b);
  return joined(
    tf.sub(tf.mul(aReal, bReal), tf.mul(aImaginary, bImaginary)),
    tf.add(tf.mul(aReal, bImaginary), tf.mul(aImaginary, bReal)),
  );
}

/** Complex conjugates of rows. */
export function conjugate(rows: tf.Tensor2D): tf.Tensor2D {
  const [real, imaginary] = halves(rows);
  return joined(real, tf.neg(imaginary));
}

/**
 * Half of the dimension of a complex-valued model.
 *
 * @throws InputError `kg-embedding.dimension` where it is odd
 */
export function complexRank(model: string, dimension: number): number {
  if (dimension % 2 === 0) return dimension / 2;
  throw new InputError({
    code: "kg-embedding.dimension",
    at: `kg-embedding.${model}`,
    problem: `dimension is ${dimension}`,
    wanted: "Wanted an even number: half of it holds real parts, half imaginary parts",
    fix: `Use ${dimension + 1}`,
  });
}
