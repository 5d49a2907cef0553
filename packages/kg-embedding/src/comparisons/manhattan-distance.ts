import { tf } from "@kgraft/tensor";
import { blockedDistance } from "./blocked-distance.ts";

/** Compares by `-‖q - e‖₁`. */
export const manhattanDistance = blockedDistance({
  length: (difference) => tf.sum(tf.abs(difference), -1),
  direction: (difference) => tf.sign(difference),
});
