import { InputError } from "@kgraft/runtime";
import { constantOf } from "./constants.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { elementwise } from "./kernels/elementwise.ts";
import { KernelCall, type Translation } from "./kernels/kernel-call.ts";
import { multiplying } from "./kernels/product.ts";
import { reducing } from "./kernels/reduction.ts";
import { shaping } from "./kernels/shape.ts";
import type { Axes } from "./trace/dimension.ts";
import type { GeneralTrace, TracedKernel } from "./trace/general-trace.ts";

const translations: ReadonlyMap<string, Translation> = new Map(
  Object.entries({ ...elementwise, ...shaping, ...reducing, ...multiplying }),
);

/**
 * Tells a trace to a graph, kernel by kernel; what no output depends on is left out.
 *
 * @param names names of weights and inputs by the number of their tensor; those of what is computed are added
 * @throws InputError `onnx.kernel` for a kernel without counterpart, `onnx.trace` for what does not follow from the axes
 */
export function translate(
  { steps, outputs }: GeneralTrace,
  axes: Axes,
  graph: GraphBuilder,
  names: Map<number, string>,
): void {
  const uses = useCounts(steps, outputs);
  for (const step of neededSteps(steps, outputs)) {
    if ("values" in step) names.set(step.output.id, constantOf(step, axes, graph));
    else {
      const made = [translationOf(step)(new KernelCall(step, graph, { axes, names, uses }))].flat();
      for (const [i, { id }] of step.outputs.entries()) names.set(id, made[i] as string);
    }
  }
}

function translationOf({ kernel, line }: TracedKernel): Translation {
  const translation = translations.get(kernel);
  if (translation !== undefined) return translation;
  throw new InputError({
    code: "onnx.kernel",
    at: line(),
    problem: `calls the kernel "${kernel}", which has no counterpart in ONNX here`,
    wanted: `There are ${[...translations.keys()].sort().join(", ")}`,
    fix: "Write it with those",
  });
}

type Steps = GeneralTrace["steps"];

function useCounts(steps: Steps, outputs: GeneralTrace["outputs"]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const count = ({ id }: { readonly id: number }) => counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const step of steps) if ("kernel" in step) Object.values(step.inputs).forEach(count);
  Object.values(outputs).forEach(count);
  return counts;
}

function neededSteps(steps: Steps, outputs: GeneralTrace["outputs"]): Steps {
  const needed = new Set(Object.values(outputs).map(({ id }) => id));
  const kept: Steps[number][] = [];
  for (const step of steps.toReversed()) {
    const made = "kernel" in step ? step.outputs : [step.output];
    if (!made.some(({ id }) => needed.has(id))) continue;
    kept.push(step);
    if ("kernel" in step) for (const { id } of Object.values(step.inputs)) needed.add(id);
  }
  return kept.reverse();
}
