import { ops, tf } from "@kgraft/tensor";
import type { EncoderInput } from "./contract.ts";

/**
 * Says which keys each query may see: the real tokens, and of them only those that the input's or a seam's matrix leaves visible.
 *
 * @returns bool [B, 1|T, T]
 */
export function visibility(input: EncoderInput, visible: tf.Tensor | undefined = input.visible): tf.Tensor {
  const keys = tf.expandDims(input.attentionMask, 1); // [B, 1, T]
  return visible === undefined ? keys : tf.logicalAnd(visible, keys); // [B, T, T]
}

/**
 * Lets each piece of packed rows see those of its own sequence.
 *
 * @param segments int32 [B, T], a number for each sequence of a row, padding its own
 * @returns bool [B, T, T], block-diagonal
 */
export function segmentVisibility(segments: tf.Tensor): tf.Tensor {
  return tf.equal(tf.expandDims(segments, 2), tf.expandDims(segments, 1));
}

/** Turns visibility into what is added to scores; the layers of one step share the result of the last one asked for. */
export class VisibilityBias {
  #last: { readonly visible: tf.Tensor; readonly bias: tf.Tensor } | undefined;

  /** @param visible bool [B, 1|Tq, Tk] */
  of(visible: tf.Tensor): tf.Tensor {
    if (this.#last?.visible !== visible || this.#last.bias.isDisposed)
      this.#last = { visible, bias: ops.visibleBias(visible) };
    return this.#last.bias;
  }
}
