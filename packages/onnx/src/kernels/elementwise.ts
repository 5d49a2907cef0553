import type { KernelCall, Translation } from "./kernel-call.ts";

/** A kernel that is one operator of the same inputs. */
const same =
  (operator: string): Translation =>
  (call) =>
    call.graph.node(operator, call.inputs());

/** Kernels that go element by element, with the broadcasting that ONNX has too. */
export const elementwise: Readonly<Record<string, Translation>> = {
  Abs: same("Abs"),
  Add: add,
  AddN: same("Sum"),
  Cast: (call) => call.graph.cast(call.input("x"), call.output.type),
  Ceil: same("Ceil"),
  ClipByValue: clip,
  Cos: same("Cos"),
  Elu: same("Elu"),
  Equal: same("Equal"),
  Erf: same("Erf"),
  Exp: same("Exp"),
  Floor: same("Floor"),
  Greater: same("Greater"),
  GreaterEqual: same("GreaterOrEqual"),
  Identity: same("Identity"),
  LeakyRelu: (call) =>
    call.graph.node("LeakyRelu", [call.input("x")], { alpha: { float: call.attribute<number>("alpha") } }),
  Less: same("Less"),
  LessEqual: same("LessOrEqual"),
  Log: same("Log"),
  LogicalAnd: same("And"),
  LogicalNot: same("Not"),
  LogicalOr: same("Or"),
  Maximum: same("Max"),
  Minimum: same("Min"),
  Multiply: same("Mul"),
  Neg: same("Neg"),
  NotEqual: (call) => call.graph.node("Not", [call.graph.node("Equal", call.inputs())]),
  Pow: same("Pow"),
  RealDiv: same("Div"),
  Reciprocal: same("Reciprocal"),
  Relu: same("Relu"),
  Round: same("Round"),
  Rsqrt: (call) => call.graph.node("Reciprocal", [call.graph.node("Sqrt", call.inputs())]),
  Select: same("Where"),
  Sigmoid: same("Sigmoid"),
  Sign: same("Sign"),
  Sin: same("Sin"),
  Softplus: same("Softplus"),
  Sqrt: same("Sqrt"),
  Square: (call) => call.graph.node("Mul", [call.input("x"), call.input("x")]),
  SquaredDifference: (call) => {
    const difference = call.graph.node("Sub", call.inputs());
    return call.graph.node("Mul", [difference, difference]);
  },
  Sub: same("Sub"),
  Tanh: same("Tanh"),
};

function clip(call: KernelCall): string {
  const bound = (name: string) => call.graph.tensor(call.output.type, [], [call.attribute<number>(name)]);
  return call.graph.node("Clip", [call.input("x"), bound("clipValueMin"), bound("clipValueMax")]);
}

/** A bias behind a matrix product becomes the product's own third input. */
function add(call: KernelCall): string {
  const { graph } = call;
  const product = graph.makerOf(call.input("a"));
  const mayJoin = product?.operator === "Gemm" && product.inputs.length === 2 && call.isOnlyReader("a");
  if (!mayJoin || call.tensor("b").shape.length !== 1) return graph.node("Add", call.inputs());
  const output = product.outputs[0] as string;
  graph.amend(output, (node) => ({ ...node, inputs: [...node.inputs, call.input("b")] }));
  return output;
}
