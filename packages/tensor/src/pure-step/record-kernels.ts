import type { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { captureCallSite } from "./call-site.ts";
import { type Method, OuterCalls, patch, watchReads } from "./watch-engine.ts";

/** A tensor of a recording: `id` tells it from all others. */
export interface RecordedTensor {
  readonly id: number;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A kernel that ran: what it read, by the kernel's own names (a list is named 0, 1, …), and what it gave. */
export interface RecordedKernel {
  readonly kernel: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, RecordedTensor>>;
  readonly outputs: readonly RecordedTensor[];
  /** `file:line` of the code that called it. */
  line(): string;
}

/** A tensor that was made from numbers of the code. */
export interface RecordedConstant {
  readonly output: RecordedTensor;
  readonly values: readonly number[];
  line(): string;
}

/** What a computation did, in order, and what it gave. */
export interface Recording {
  readonly steps: readonly (RecordedKernel | RecordedConstant)[];
  readonly outputs: Readonly<Record<string, RecordedTensor>>;
}

/**
 * Runs a computation once and writes down every kernel it calls, so that it can be told to another runtime.
 *
 * Open the backend `cpu` before: there the ops of this package are compositions of TensorFlow's own kernels. All tensors
 * that the computation makes are gone afterwards; only what was written down is left.
 *
 * @throws RunError `tensor.pure-step` where it reads the values of a tensor
 */
export function recordKernels(compute: () => Readonly<Record<string, tf.Tensor>>): Recording {
  const steps: (RecordedKernel | RecordedConstant)[] = [];
  const reads: RunError[] = [];
  const restore = [watchReads(reads), recordSteps(steps)];
  let outputs: Recording["outputs"] = {};
  try {
    tf.tidy(() => {
      outputs = mapValues(compute(), described);
    });
    if (reads[0] !== undefined) throw reads[0];
    return { steps, outputs };
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

function recordSteps(steps: (RecordedKernel | RecordedConstant)[]): () => void {
  const calls = new OuterCalls();
  const runKernel = calls.wrap((args, result) => steps.push(kernelStep(args, result)));
  const makeTensor =
    (original: Method): Method =>
    (...args) => {
      const tensor = original(...args) as tf.Tensor;
      if (!calls.inside) {
        const values = Array.from(args[0] as unknown as ArrayLike<number>, Number);
        steps.push({ output: described(tensor), values, line: lineOf(captureCallSite()) });
      }
      return tensor;
    };
  return patch(tf.engine(), { runKernel, makeTensor });
}

function kernelStep(args: readonly unknown[], result: unknown): RecordedKernel {
  const [kernel, inputs, attributes] = args as [string, Record<string, tf.Tensor | undefined>, object | undefined];
  const given = Object.entries(inputs).filter((entry): entry is [string, tf.Tensor] => entry[1] !== undefined);
  return {
    kernel,
    attributes: { ...attributes },
    inputs: mapValues(Object.fromEntries(given), described),
    outputs: (Array.isArray(result) ? result : [result]).map(described),
    line: lineOf(captureCallSite()),
  };
}

const lineOf = (site: ReturnType<typeof captureCallSite>) => (): string => site().line;

const described = ({ id, dtype, shape }: tf.Tensor): RecordedTensor => ({ id, dtype, shape });

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
