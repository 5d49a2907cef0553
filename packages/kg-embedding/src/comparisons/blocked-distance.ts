import { tf } from "@kgraft/tensor";
import type { Comparison } from "../comparison.ts";

/** Numbers that a [B, block, E] temporary may hold: 4 MB, so that it stays in the processor's cache. */
const BLOCK_SIZE = 1 << 20;

/** A distance that is a sum over coordinates and has no product form. */
interface CoordinateDistance {
  /** @returns the distance, the last axis summed away: [...] from differences [..., E] */
  length(difference: tf.Tensor): tf.Tensor;
  /** @returns d length / d difference, [..., E]; 0 at difference 0 */
  direction(difference: tf.Tensor): tf.Tensor;
}

/** Makes a comparison by `-length(q - e)` that works through candidates in blocks. */
export function blockedDistance(distance: CoordinateDistance): Comparison {
  return {
    all(queries, candidates) {
      const parts = mapBlocks(queries, candidates, (difference) => tf.neg(distance.length(difference)) as tf.Tensor2D);
      return joined(parts, 1);
    },
    pairs: (queries, entities) => tf.expandDims(tf.neg(distance.length(tf.sub(queries, entities))), 1),
    allGradients(queries, candidates, _scores, weights, scale) {
      const scaled = tf.mul(weights, scale);
      const parts = mapBlocks(queries, candidates, (difference, start, size) => {
        const share = tf.expandDims(tf.slice(scaled, [0, start], [-1, size]), 2);
        const pull = tf.mul(distance.direction(difference), share); // [B, block, E]
        return [tf.neg(tf.sum(pull, 1)), tf.sum(pull, 0)] as [query: tf.Tensor2D, entity: tf.Tensor2D];
      });
      const query = parts.map(([each]) => each).reduce((sum, each) => tf.add(sum, each));
      return {
        query,
        entity: joined(
          parts.map(([, each]) => each),
          0,
        ),
      };
    },
    pairGradients(queries, entities, _scores, weights) {
      const entity = tf.mul(distance.direction(tf.sub(queries, entities)), weights) as tf.Tensor2D;
      return { query: tf.neg(entity), entity };
    },
  };
}

function joined(parts: tf.Tensor2D[], axis: 0 | 1): tf.Tensor2D {
  return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, axis);
}

/** Calls `visit` with the differences [B, block, E] of all queries and each block of candidates. */
function mapBlocks<T extends tf.TensorContainer>(
  queries: tf.Tensor2D,
  candidates: tf.Tensor2D,
  visit: (difference: tf.Tensor3D, start: number, size: number) => T,
): T[] {
  const [rows, width] = queries.shape;
  const count = candidates.shape[0];
  const step = Math.max(1, Math.floor(BLOCK_SIZE / (rows * width)));
  const parts: T[] = [];
  for (let start = 0; start < count; start += step) {
    const size = Math.min(step, count - start);
    const visitBlock = () => {
      const block = tf.slice(candidates, [start, 0], [size, width]);
      return visit(tf.sub(tf.expandDims(queries, 1), tf.expandDims(block, 0)), start, size);
    };
    parts.push(tf.tidy(visitBlock));
  }
  return parts;
}
