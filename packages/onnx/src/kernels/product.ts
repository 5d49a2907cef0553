import type { KernelCall, Translation } from "./kernel-call.ts";

/** Kernels that multiply matrices. */
export const multiplying: Readonly<Record<string, Translation>> = {
  BatchMatMul: product,
  Einsum: (call) =>
    call.graph.node("Einsum", call.inputs(), { equation: { string: call.attribute<string>("equation") } }),
};

/** Two matrices are one Gemm, which reads either transposed; batches are transposed before. */
function product(call: KernelCall): string {
  const { graph } = call;
  const isTransposed = { a: call.attribute<boolean>("transposeA"), b: call.attribute<boolean>("transposeB") };
  const [a, b] = [call.tensor("a").shape.length, call.tensor("b").shape.length];
  if (a === 2 && b === 2)
    return graph.node("Gemm", call.inputs(), {
      transA: { int: isTransposed.a ? 1 : 0 },
      transB: { int: isTransposed.b ? 1 : 0 },
    });
  const side = (name: "a" | "b", rank: number) =>
    isTransposed[name]
      ? graph.node("Transpose", [call.input(name)], { perm: { ints: lastTwo(rank) } })
      : call.input(name);
  return graph.node("MatMul", [side("a", a), side("b", b)]);
}

/** All axes, the last two changed over. */
function lastTwo(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}
