import { type Dimension, fixed, isFixed } from "../trace/dimension.ts";
import { untraceable } from "../trace/general-trace.ts";
import type { KernelCall, Translation } from "./kernel-call.ts";

/** Kernels that move elements and change none. */
export const shaping: Readonly<Record<string, Translation>> = {
  Concat: (call) => call.graph.node("Concat", call.inputs(), { axis: { int: axisOf(call, call.output.shape.length) } }),
  ExpandDims: reshape("input"),
  Fill: (call) =>
    call.graph.node("ConstantOfShape", [call.graph.sizes(call.output.shape)], {
      value: call.graph.value(call.output.type, call.attribute<number>("value")),
    }),
  GatherNd: (call) =>
    call.graph.node("GatherND", [call.input("params"), call.graph.cast(call.input("indices"), "int64")]),
  GatherV2: gather,
  OneHot: oneHot,
  OnesLike: filledLike(1),
  Pack: pack,
  PadV2: pad,
  Range: range,
  Reshape: reshape("x"),
  Slice: slice,
  SplitV: split,
  Tile: (call) => call.graph.node("Tile", [call.input("x"), call.graph.sizes(call.dimensions("reps"))]),
  Transpose: (call) =>
    call.graph.node("Transpose", [call.input("x")], { perm: { ints: call.attribute<readonly number[]>("perm") } }),
  Unpack: unpack,
  ZerosLike: filledLike(0),
};

function axisOf(call: KernelCall, rank: number): number {
  return call.axesOf(call.attribute<number>("axis"), rank)[0] as number;
}

function reshape(name: string): Translation {
  return (call) => call.graph.reshape(call.input(name), call.tensor(name).shape, call.output.shape);
}

function filledLike(value: number): Translation {
  return ({ graph, output }) =>
    graph.node("ConstantOfShape", [graph.sizes(output.shape)], { value: graph.value(output.type, value) });
}

function slice(call: KernelCall): string {
  const { graph, output } = call;
  const begin = call.dimensions("begin");
  const whole = (axis: number) => same(begin[axis], fixed(0)) && same(call.tensor("x").shape[axis], output.shape[axis]);
  const axes = output.shape.map((_, axis) => axis).filter((axis) => !whole(axis));
  if (axes.length === 0) return graph.node("Identity", [call.input("x")]);
  const starts = axes.map((axis) => begin[axis] as Dimension);
  const ends = axes.map((axis, i) => sum(starts[i] as Dimension, output.shape[axis] as Dimension));
  return graph.node("Slice", [
    call.input("x"),
    graph.sizes(starts),
    graph.sizes(ends),
    graph.tensor("int64", [axes.length], axes),
  ]);
}

const same = (a: Dimension | undefined, b: Dimension | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

const sum = (a: Dimension, b: Dimension): Dimension => ({
  terms: [...a.terms, ...b.terms],
  offset: a.offset + b.offset,
});

/** Rows of one axis; with batch axes in front, rows of each batch's own table. */
function gather(call: KernelCall): string {
  const { graph } = call;
  const batchAxes = call.attribute<number>("batchDims") ?? 0;
  const axis = axisOf(call, call.tensor("x").shape.length);
  if (batchAxes === 0) return graph.node("Gather", [call.input("x"), call.input("indices")], { axis: { int: axis } });
  if (axis !== batchAxes)
    throw untraceable(call.traced.line(), `gathers along axis ${axis} behind ${batchAxes} batch axes`);
  const last = graph.tensor("int64", [1], [-1]);
  const places = graph.node("Unsqueeze", [graph.cast(call.input("indices"), "int64"), last]);
  return graph.node("GatherND", [call.input("x"), places], { batch_dims: { int: batchAxes } });
}

function oneHot(call: KernelCall): string {
  const { graph, output } = call;
  const values = [call.attribute<number>("offValue") ?? 0, call.attribute<number>("onValue") ?? 1];
  const depth = graph.size(output.shape.at(-1) as Dimension);
  // Of the types that ONNX allows, runtimes have these.
  const indices = graph.cast(call.input("indices"), "int64");
  return graph.cast(graph.node("OneHot", [indices, depth, graph.tensor("float32", [2], values)]), output.type);
}

function pack(call: KernelCall): string {
  const { graph, output } = call;
  const axis = axisOf(call, output.shape.length);
  const at = graph.tensor("int64", [1], [axis]);
  const parts = call.inputs().map((input) => graph.node("Unsqueeze", [input, at]));
  return graph.node("Concat", parts, { axis: { int: axis } });
}

function unpack(call: KernelCall): readonly string[] {
  const { graph } = call;
  const axis = axisOf(call, call.tensor("value").shape.length);
  const at = graph.tensor("int64", [1], [axis]);
  const lengths = graph.tensor(
    "int64",
    [call.traced.outputs.length],
    call.traced.outputs.map(() => 1),
  );
  const attributes = { axis: { int: axis } };
  const parts = graph.nodeOf("Split", [call.input("value"), lengths], attributes, call.traced.outputs.length);
  return parts.map((part) => graph.node("Squeeze", [part, at]));
}

function split(call: KernelCall): readonly string[] {
  const { graph, traced } = call;
  const axis = axisOf(call, call.tensor("x").shape.length);
  const lengths = graph.sizes(traced.outputs.map(({ shape }) => shape[axis] as Dimension));
  return graph.nodeOf("Split", [call.input("x"), lengths], { axis: { int: axis } }, traced.outputs.length);
}

function pad(call: KernelCall): string {
  const { graph, output } = call;
  const borders = call.attribute<readonly (readonly [number, number])[]>("paddings");
  const pads = graph.tensor(
    "int64",
    [2 * borders.length],
    [0, 1].flatMap((side) => borders.map((border) => border[side] as number)),
  );
  const value = graph.tensor(output.type, [], [call.attribute<number>("constantValue")]);
  return graph.node("Pad", [call.input("x"), pads, value]);
}

function range(call: KernelCall): string {
  const { graph, output } = call;
  const at = (name: string): string => {
    const [dimension] = call.dimensions(name) as readonly [Dimension];
    if (isFixed(dimension)) return graph.tensor(output.type, [], [dimension.offset]);
    return graph.cast(graph.node("Squeeze", [graph.size(dimension)]), output.type);
  };
  return graph.node("Range", [at("start"), at("stop"), at("step")]);
}
