import { InputError } from "@kgraft/runtime";
import type { RecordedConstant, RecordedKernel, RecordedTensor, Recording } from "@kgraft/tensor";
import { type Axes, type Dimension, explain } from "./dimension.ts";

/** A tensor of all traces: its number is that of the first. */
export interface TracedTensor {
  readonly id: number;
  readonly type: "float32" | "int32" | "bool";
  readonly shape: readonly Dimension[];
}

/** A kernel that ran in every trace. */
export interface TracedKernel {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, TracedTensor>>;
  readonly outputs: readonly TracedTensor[];
  /** One a trace. */
  readonly attributes: readonly Readonly<Record<string, unknown>>[];
  line(): string;
}

/** Numbers of the code that became a tensor in every trace. */
export interface TracedConstant {
  readonly output: TracedTensor;
  /** One list a trace. */
  readonly values: readonly (readonly number[])[];
  line(): string;
}

/** What a computation does at any sizes of the axes. */
export interface GeneralTrace {
  readonly steps: readonly (TracedKernel | TracedConstant)[];
  readonly outputs: Readonly<Record<string, TracedTensor>>;
}

/** What one trace recorded, and what it read: weights and inputs by name. */
export interface Trace {
  readonly recording: Recording;
  readonly given: ReadonlyMap<string, RecordedTensor>;
}

/** An error of a trace: what cannot be told to ONNX, and the line of code that did it. */
export function untraceable(line: string, problem: string, fix?: string): InputError {
  return new InputError({ code: "onnx.trace", at: line, problem, fix });
}

/**
 * Lays traces of different sizes over each other: where an extent differs, it becomes a function of the axes.
 *
 * @throws InputError `onnx.trace` where the traces do different things, or an extent is no function of the axes
 */
export function generalise(traces: readonly Trace[], axes: Axes): GeneralTrace {
  return new Generaliser(traces, axes).run();
}

class Generaliser {
  readonly #traces: readonly Trace[];
  readonly #axes: Axes;
  /** For each trace, the first trace's number of a tensor by its own. */
  readonly #first: readonly Map<number, number>[];

  constructor(traces: readonly Trace[], axes: Axes) {
    this.#traces = traces;
    this.#axes = axes;
    this.#first = traces.map(() => new Map());
    for (const [name, { id }] of traces[0]?.given ?? [])
      for (const [i, { given }] of traces.entries()) this.#first[i]?.set(given.get(name)?.id ?? -1, id);
  }

  run(): GeneralTrace {
    const [{ recording }] = this.#traces as readonly [Trace];
    const steps = recording.steps.map((_, index) => this.#step(index));
    const longer = this.#traces.find((trace) => trace.recording.steps.length !== steps.length);
    const extra = longer?.recording.steps[steps.length];
    if (extra !== undefined)
      throw untraceable(extra.line(), "runs at some sizes only", "Let the same ops run at all sizes");
    const outputs = Object.fromEntries(
      Object.keys(recording.outputs).map((name) => {
        const found = this.#traces.map((trace) => trace.recording.outputs[name] as RecordedTensor);
        return [name, this.#tensor(found, () => `output ${name}`)];
      }),
    );
    return { steps, outputs };
  }

  #step(index: number): TracedKernel | TracedConstant {
    const found = this.#traces.map(({ recording }) => recording.steps[index]);
    const [first] = found as [RecordedKernel | RecordedConstant];
    if (found.some((step) => kindOf(step) !== kindOf(first)))
      throw untraceable(
        first.line(),
        `runs ${found.map(kindOf).join(", ")} at different sizes`,
        "Let the same ops run at all sizes",
      );
    return "kernel" in first
      ? this.#kernel(found as RecordedKernel[], first)
      : this.#constant(found as RecordedConstant[], first);
  }

  #kernel(found: readonly RecordedKernel[], { kernel, inputs, outputs, line }: RecordedKernel): TracedKernel {
    const read = Object.keys(inputs).map((name) => {
      const tensors = found.map((step) => step.inputs[name]);
      const same = tensors.every(
        (tensor, i) => tensor && (this.#first[i]?.get(tensor.id) ?? tensor.id) === inputs[name]?.id,
      );
      if (!same) throw untraceable(line(), `${kernel} reads other tensors at other sizes`);
      return [name, this.#tensor(tensors as RecordedTensor[], line)] as const;
    });
    return {
      kernel,
      line,
      inputs: Object.fromEntries(read),
      outputs: outputs.map((_, i) => this.#made(found.map((step) => step.outputs[i]) as RecordedTensor[], line)),
      attributes: found.map(({ attributes }) => attributes),
    };
  }

  #constant(found: readonly RecordedConstant[], { line }: RecordedConstant): TracedConstant {
    const output = this.#made(
      found.map((step) => step.output),
      line,
    );
    return { output, values: found.map(({ values }) => values), line };
  }

  /** A tensor that a step made: from now on the traces' numbers of it are one. */
  #made(found: readonly RecordedTensor[], line: () => string): TracedTensor {
    const tensor = this.#tensor(found, line);
    for (const [i, { id }] of found.entries()) this.#first[i]?.set(id, tensor.id);
    return tensor;
  }

  #tensor(found: readonly RecordedTensor[], line: () => string): TracedTensor {
    const [{ id, dtype, shape }] = found as readonly [RecordedTensor];
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool")
      throw untraceable(line(), `makes a tensor of ${dtype}, which has no counterpart`);
    const extents = shape.map((_, axis) => {
      const sizes = found.map((tensor) => tensor.shape[axis] ?? -1);
      const extent = explain(sizes, this.#axes);
      if (extent !== undefined) return extent;
      throw untraceable(
        line(),
        `makes ${sizes.join(", ")} at ${sizesText(this.#axes)}`,
        "Let extents follow from the axes",
      );
    });
    return { id, type: dtype, shape: extents };
  }
}

/** The sizes of all traces, for messages. */
export function sizesText(axes: Axes): string {
  return Object.entries(axes)
    .map(([name, sizes]) => `${name} ${sizes.join(", ")}`)
    .join("; ");
}

const kindOf = (step: RecordedKernel | RecordedConstant | undefined): string =>
  step === undefined ? "nothing" : "kernel" in step ? step.kernel : "a constant";
