import * as tf from "@tensorflow/tfjs-core";

/** `A B` squared and summed, and its gradient by A, for A = [[1, 2], [3, 4]] and B = [[5, 6], [7, 8]]: worked by hand. */
const WANTED = [5194, 454, 618, 1030, 1402];

/**
 * Computes a small product and its gradient on the current backend.
 *
 * @returns what is wrong, or undefined where the numbers are those known
 */
export async function selfTest(): Promise<string | undefined> {
  const result = tf.tidy(() => {
    const b = tf.tensor2d([5, 6, 7, 8], [2, 2]);
    const loss = (a: tf.Tensor): tf.Tensor => tf.sum(tf.square(tf.matMul(a as tf.Tensor2D, b)));
    const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d([1, 2, 3, 4], [2, 2]));
    return tf.concat([tf.reshape(value, [1]), tf.reshape(grad, [4])]);
  });
  const got = Array.from(await result.data());
  result.dispose();
  const right =
    got.length === WANTED.length && got.every((number, i) => Math.abs(number - (WANTED[i] as number)) < 0.5);
  return right ? undefined : `its self-test gave [${got.join(", ")}] instead of [${WANTED.join(", ")}]`;
}
