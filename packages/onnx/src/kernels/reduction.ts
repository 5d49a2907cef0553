import type { KernelCall, Translation } from "./kernel-call.ts";

/** Kernels that take axes together. */
export const reducing: Readonly<Record<string, Translation>> = {
  All: viaInteger("ReduceMin"),
  Any: viaInteger("ReduceMax"),
  ArgMax: position("ArgMax"),
  ArgMin: position("ArgMin"),
  Cumsum: (call) => {
    const [axis = 0] = call.axesOf(call.attribute<number>("axis"), call.tensor("x").shape.length);
    const flag = (name: string) => ({ int: call.attribute<boolean>(name) ? 1 : 0 });
    return call.graph.node("CumSum", [call.input("x"), call.graph.tensor("int64", [], [axis])], {
      exclusive: flag("exclusive"),
      reverse: flag("reverse"),
    });
  },
  LogSoftmax: (call) => call.graph.node("LogSoftmax", call.inputs(), { axis: { int: -1 } }),
  Max: reduce("ReduceMax"),
  Mean: reduce("ReduceMean"),
  Min: reduce("ReduceMin"),
  Prod: reduce("ReduceProd"),
  Softmax: (call) => call.graph.node("Softmax", call.inputs(), { axis: { int: -1 } }),
  Sum: (call) => {
    const axes = axesOf(call);
    return call.graph.node("ReduceSum", [call.input("x"), call.graph.tensor("int64", [axes.length], axes)], keep(call));
  },
};

function reduce(operator: string): Translation {
  return (call) => call.graph.node(operator, [call.input("x")], { axes: { ints: axesOf(call) }, ...keep(call) });
}

/** Truth values are reduced as 0 and 1. */
function viaInteger(operator: string): Translation {
  return (call) => {
    const numbers = call.graph.cast(call.input("x"), "int32");
    const attributes = { axes: { ints: axesOf(call) }, ...keep(call) };
    return call.graph.cast(call.graph.node(operator, [numbers], attributes), "bool");
  };
}

function position(operator: string): Translation {
  return (call) => {
    const [axis = 0] = axesOf(call);
    const found = call.graph.node(operator, [call.input("x")], { axis: { int: axis }, keepdims: { int: 0 } });
    return call.graph.cast(found, "int32");
  };
}

/** The kernels name the axes differently. */
function axesOf(call: KernelCall): readonly number[] {
  const given = call.attribute<number | readonly number[] | undefined>("axis") ?? call.attribute("reductionIndices");
  return call.axesOf(given, call.tensor("x").shape.length);
}

/** The extents of the result tell whether the axes stay as 1. */
function keep(call: KernelCall): { readonly keepdims: { readonly int: number } } {
  return { keepdims: { int: call.attribute<boolean | undefined>("keepDims") === true ? 1 : 0 } };
}
