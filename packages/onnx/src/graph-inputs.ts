import type { ElementType } from "./file/element-type.ts";
import type { GraphValue } from "./file/model.ts";
import type { AxisPlace, GraphBuilder } from "./graph-builder.ts";
import { type Axes, explain } from "./trace/dimension.ts";
import { sizesText, type Trace, type TracedTensor, untraceable } from "./trace/general-trace.ts";

/** An input of the graph and the tensor of the trace that it stands for. */
export interface TracedInput {
  readonly value: GraphValue;
  readonly tensor: TracedTensor;
}

/**
 * The inputs of a graph: int32 is given as int64, as is a bool one of `integerMasks`.
 *
 * @throws InputError `onnx.trace` where an extent is no function of the axes
 */
export function inputsOf(
  traces: readonly Trace[],
  names: readonly string[],
  axes: Axes,
  integerMasks: readonly string[],
): readonly TracedInput[] {
  return names.map((name) => {
    const found = traces.map(({ given }) => given.get(name));
    const [first] = found;
    if (first === undefined) throw untraceable(name, "is no input at every size");
    const shape = first.shape.map((_, axis) => {
      const sizes = found.map((tensor) => tensor?.shape[axis] ?? -1);
      const extent = explain(sizes, axes);
      if (extent === undefined) throw untraceable(`input ${name}`, `has ${sizes.join(", ")} at ${sizesText(axes)}`);
      return extent;
    });
    const type = first.dtype as TracedTensor["type"];
    return { value: { name, type: givenType(name, type, integerMasks), shape }, tensor: { id: first.id, type, shape } };
  });
}

function givenType(name: string, type: TracedTensor["type"], integerMasks: readonly string[]): ElementType {
  return type === "int32" || (type === "bool" && integerMasks.includes(name)) ? "int64" : type;
}

/** The input as the computation reads it: under its own name, or cast to the computation's type. */
export function castInput({ value, tensor }: TracedInput, graph: GraphBuilder): string {
  return value.type === tensor.type ? value.name : graph.cast(value.name, tensor.type);
}

/** For each axis the first input that has it as an extent, a number added or not; best one without. */
export function placesOf(inputs: readonly TracedInput[]): ReadonlyMap<string, AxisPlace> {
  const places = new Map<string, AxisPlace>();
  for (const { value } of inputs)
    for (const [at, { terms, offset }] of value.shape.entries()) {
      const [
        {
          factor,
          axes: [axis = "", ...others],
        } = { factor: 0, axes: [] },
        ...more
      ] = terms;
      if (factor !== 1 || others.length + more.length > 0) continue;
      const known = places.get(axis);
      if (known === undefined || (known.offset !== 0 && offset === 0))
        places.set(axis, { input: value.name, at, offset });
    }
  return places;
}
