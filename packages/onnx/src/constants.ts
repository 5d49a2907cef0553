import type { GraphBuilder } from "./graph-builder.ts";
import { type Axes, type Dimension, explain, isFixed } from "./trace/dimension.ts";
import { sizesText, type TracedConstant, untraceable } from "./trace/general-trace.ts";

/**
 * Adds numbers of the code to a graph: as they are where they are the same at all sizes, else by what makes them: one number
 * filling an extent, an identity matrix, a list of extents, or one number that follows from the axes.
 *
 * @throws InputError `onnx.trace` where they are none of these
 */
export function constantOf(constant: TracedConstant, axes: Axes, graph: GraphBuilder): string {
  const { output, values, line } = constant;
  const [first] = values as readonly [readonly number[]];
  if (output.shape.every(isFixed) && values.every((list) => sameNumbers(list, first))) {
    const shape = output.shape.map(({ offset }) => offset);
    return graph.tensor(output.type, shape, first);
  }
  const found = filled(constant, graph) ?? identity(constant, graph) ?? extents(constant, axes, graph);
  if (found !== undefined) return found;
  throw untraceable(
    line(),
    `makes a tensor of numbers that differ at ${sizesText(axes)}`,
    "Compute it from the inputs, or put it in the batch",
  );
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

function filled({ output, values }: TracedConstant, graph: GraphBuilder): string | undefined {
  const [value = 0] = values[0] ?? [];
  if (!values.every((list) => list.every((one) => Object.is(one, value)))) return undefined;
  return graph.node("ConstantOfShape", [graph.sizes(output.shape)], { value: graph.value(output.type, value) });
}

function identity({ output, values }: TracedConstant, graph: GraphBuilder): string | undefined {
  const isIdentity = (list: readonly number[]): boolean => {
    const rows = Math.round(Math.sqrt(list.length));
    return rows ** 2 === list.length && list.every((value, i) => value === (i % (rows + 1) === 0 ? 1 : 0));
  };
  if (output.shape.length !== 2 || !values.every(isIdentity)) return undefined;
  const attributes = { value: graph.value(output.type, 0) };
  return graph.node("EyeLike", [graph.node("ConstantOfShape", [graph.sizes(output.shape)], attributes)]);
}

function extents({ output, values }: TracedConstant, axes: Axes, graph: GraphBuilder): string | undefined {
  if (output.shape.length > 1 || !output.shape.every(isFixed)) return undefined;
  const at = (i: number, of: (value: number) => number) =>
    explain(
      values.map((list) => of(list[i] as number)),
      axes,
    );
  const found = (values[0] ?? []).map((_, i) => at(i, (value) => value));
  const shaped = (list: string) => (output.shape.length === 0 ? graph.node("Squeeze", [list]) : list);
  if (found.every((one) => one !== undefined))
    return graph.cast(shaped(graph.sizes(found as readonly Dimension[])), output.type);
  const share = found.length === 1 ? at(0, (value) => Math.round(1 / value)) : undefined;
  if (share === undefined) return undefined;
  return graph.node("Reciprocal", [graph.cast(shaped(graph.size(share)), output.type)]);
}
