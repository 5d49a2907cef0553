import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { shapeText } from "../shapes.ts";

/**
 * Refuses a tensor of the wrong shape, with what was wanted in letters.
 *
 * @throws RunError `tensor.shape`
 */
export function checkShape(op: string, name: string, tensor: tf.Tensor, fits: boolean, wanted: string): void {
  if (fits) return;
  throw new RunError({
    code: "tensor.shape",
    at: `tensor.${op}`,
    problem: `${name} is ${tensor.dtype} ${shapeText(tensor.shape)}`,
    wanted: `Wanted ${wanted}`,
  });
}

/** The last extent of a shape. */
export const lastOf = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/** Sees a tensor as a matrix whose columns are its last axis: [..., C] as [N, C]. */
export function asMatrix(x: tf.Tensor): tf.Tensor2D {
  return x.rank === 2 ? (x as tf.Tensor2D) : tf.reshape(x, [-1, lastOf(x.shape)]);
}
