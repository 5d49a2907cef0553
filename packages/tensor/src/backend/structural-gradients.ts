import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { fresh, type GradientRule, rule, sumToShape } from "./gradient-rule.ts";
import { segmentSum } from "./segment-sum.ts";

/** Repeats a reduced gradient over the axes that were reduced. */
function expand(dy: tf.Tensor, axis: unknown, shape: number[]): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis as number | number[], shape);
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  return tf.broadcastTo(tf.reshape(dy, kept), shape);
}

/** All elements that reach the extremum get the whole gradient. The two kernels name their axes differently. */
function extremum(kernel: string, axisName: string): GradientRule {
  return rule(kernel, ["x"], [true], (dy, saved, attributes) => ({
    x: () => {
      const [x, y] = saved as [tf.Tensor, tf.Tensor];
      const reached = tf.cast(tf.equal(x, expand(y, attributes[axisName], x.shape)), "float32");
      return tf.mul(expand(dy, attributes[axisName], x.shape), reached);
    },
  }));
}

function matMulGradient(
  dy: tf.Tensor,
  [a, b]: [tf.Tensor, tf.Tensor],
  transposeA: boolean,
  transposeB: boolean,
): { a: () => tf.Tensor; b: () => tf.Tensor } {
  const da = (): tf.Tensor => (transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB));
  const db = (): tf.Tensor => (transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false));
  return { a: () => sumToShape(da(), a.shape), b: () => sumToShape(db(), b.shape) };
}

/** Gathered rows bring their gradients back to where they came from. */
function gatherGradient(dy: tf.Tensor, x: tf.Tensor, indices: tf.Tensor, axis: number): tf.Tensor {
  const at = tf.util.parseAxisParam(axis, x.shape)[0] as number;
  const outer = x.shape.slice(0, at);
  const inner = x.shape.slice(at + 1);
  const middle = outer.map((_, i) => i);
  const indexAxes = indices.shape.map((_, i) => at + i);
  const rest = inner.map((_, i) => at + indices.rank + i);
  const rowsFirst = tf.transpose(dy, [...indexAxes, ...middle, ...rest]);
  const flat = tf.reshape(rowsFirst, [indices.size, -1]);
  const summed = segmentSum(flat as tf.Tensor2D, tf.reshape(indices, [-1]) as tf.Tensor1D, x.shape[at] as number);
  const shaped = tf.reshape(summed, [x.shape[at] as number, ...outer, ...inner]);
  const back = [...outer.map((_, i) => i + 1), 0, ...inner.map((_, i) => outer.length + 1 + i)];
  return tf.transpose(shaped, back);
}

const invert = (permutation: readonly number[]): number[] => {
  const inverse = new Array<number>(permutation.length);
  for (const [to, from] of permutation.entries()) inverse[from] = to;
  return inverse;
};

/** A rule that needs to know the shape of its input only. */
const shaped = (
  kernel: string,
  gradient: (dy: tf.Tensor, x: tf.Tensor, attributes: Readonly<Record<string, unknown>>) => tf.Tensor,
): GradientRule =>
  rule(kernel, ["x"], [], (dy, [x], attributes) => ({ x: () => gradient(dy, x as tf.Tensor, attributes) }));

/** Rules of kernels that take a list of tensors. */
const listRules: readonly GradientRule[] = [
  {
    kernelName: tf.Concat,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = tf.util.parseAxisParam(
        (attributes as unknown as { axis: number }).axis,
        saved[0]?.shape ?? [],
      )[0] as number;
      const sizes = saved.map((x) => x.shape[axis] as number);
      const parts = tf.split(dy as tf.Tensor, sizes, axis);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  },
  {
    kernelName: tf.Pack,
    saveAllInputs: true,
    gradFunc: (dy, _saved, attributes) => {
      const parts = tf.unstack(dy as tf.Tensor, (attributes as unknown as { axis: number }).axis);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  },
  {
    kernelName: tf.AddN,
    saveAllInputs: true,
    gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => fresh(dy as tf.Tensor)])),
  },
  {
    kernelName: tf.SplitV,
    gradFunc: (dy, _saved, attributes) => ({
      x: () => tf.concat(dy as tf.Tensor[], (attributes as unknown as { axis: number }).axis),
    }),
  },
  {
    kernelName: tf.Unpack,
    gradFunc: (dy, _saved, attributes) => ({
      value: () => tf.stack(dy as tf.Tensor[], (attributes as unknown as { axis: number }).axis),
    }),
  },
];

/** Derivatives of the kernels that reduce, multiply and move. */
export const structuralGradients: readonly GradientRule[] = [
  ...listRules,
  shaped(tf.Sum, (dy, x, { axis }) => expand(dy, axis, x.shape)),
  shaped(tf.Mean, (dy, x, { axis }) => tf.mul(expand(dy, axis, x.shape), dy.size / x.size)),
  extremum(tf.Max, "reductionIndices"),
  extremum(tf.Min, "axis"),
  rule(tf.BatchMatMul, ["a", "b"], [], (dy, saved, { transposeA, transposeB }) =>
    matMulGradient(dy, saved as [tf.Tensor, tf.Tensor], transposeA as boolean, transposeB as boolean),
  ),
  rule(tf.Softmax, [], [true], (dy, [y], { dim }) => ({
    logits: () => {
      const weighted = tf.mul(dy, y as tf.Tensor);
      return tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y as tf.Tensor));
    },
  })),
  rule(tf.Cumsum, [], [], (dy, _saved, { axis, exclusive, reverse }) => ({
    x: () => tf.cumsum(dy, axis as number, exclusive as boolean, !(reverse as boolean)),
  })),
  rule(tf.GatherV2, ["x", "indices"], [], (dy, saved, { axis, batchDims }) => ({
    x: () => {
      const [x, indices] = saved as [tf.Tensor, tf.Tensor];
      if (batchDims)
        throw new RunError({
          code: "tensor.gather.batch-dims",
          at: "tensor.gather",
          problem: `has no gradient with batchDims = ${batchDims}`,
          fix: "Gather from the flattened rows instead (gatherRows)",
        });
      return gatherGradient(dy, x, indices, axis as number);
    },
  })),
  shaped(tf.Reshape, (dy, x) => tf.reshape(dy, x.shape)),
  rule(tf.ExpandDims, ["input"], [], (dy, [x]) => ({ input: () => tf.reshape(dy, (x as tf.Tensor).shape) })),
  rule(tf.Transpose, [], [], (dy, _saved, { perm }) => ({
    x: () => tf.transpose(dy, invert(perm as number[])),
  })),
  rule(tf.Reverse, [], [], (dy, _saved, { dims }) => ({ x: () => tf.reverse(dy, dims as number[]) })),
  shaped(tf.Slice, (dy, x, { begin, size }) => {
    const [starts, sizes] = tf.slice_util.parseSliceParams(x, begin as number[], size as number[]) as [
      number[],
      number[],
    ];
    const paddings = starts.map((start, i): [number, number] => [
      start,
      (x.shape[i] as number) - start - (sizes[i] as number),
    ]);
    return tf.pad(dy, paddings);
  }),
  shaped(tf.PadV2, (dy, x, { paddings }) =>
    tf.slice(
      dy,
      (paddings as [number, number][]).map(([before]) => before),
      x.shape,
    ),
  ),
  shaped(tf.Tile, (dy, x, { reps }) => {
    const apart = x.shape.flatMap((size, i) => [(reps as number[])[i] as number, size]);
    return tf.sum(
      tf.reshape(dy, apart),
      x.shape.map((_, i) => 2 * i),
    );
  }),
  rule(tf.UnsortedSegmentSum, ["segmentIds"], [], (dy, [segmentIds]) => ({
    x: () => tf.gather(dy, segmentIds as tf.Tensor1D),
  })),
  rule(tf.GatherNd, ["params", "indices"], [], (dy, saved) => ({
    params: () => {
      const [params, indices] = saved as [tf.Tensor, tf.Tensor];
      return tf.scatterND(indices, dy, params.shape);
    },
  })),
  rule(tf.ScatterNd, ["indices"], [], (dy, [indices]) => ({
    updates: () => tf.gatherND(dy, indices as tf.Tensor),
  })),
];
