import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { shapeText } from "../shapes.ts";
import { type CallSite, callSite } from "./call-site.ts";

/** One thing that a step did: an op with its attributes and shapes, or a constant with its value. */
export interface Deed {
  readonly what: string;
  readonly detail: string;
  /** Shapes of the results. */
  readonly shapes: string;
  readonly site: CallSite;
}

/** Any method. */
export type Method = (...args: never[]) => unknown;
type Patched = Record<string, Method>;

/** Kernels whose results have as many rows as the values say. */
const valueShaped = /^(Unique|Where|NonMaxSuppression|SparseFillEmptyRows|SparseReshape|DynamicPartition|BooleanMask)/;

/** A one-axis list of so few integers is a shape or an order of axes. */
const longestShape = 8;

/** Functions that make a tensor of its shape alone. */
const patterns = new Set(["eye", "linspace", "range"]);

/**
 * Runs a function while every kernel, read and tensor from host data is watched.
 *
 * @returns what it did, in order
 * @throws RunError `tensor.pure-step` where it reads values or makes a tensor of data
 */
export function watchEngine(run: () => unknown): Deed[] {
  const deeds: Deed[] = [];
  const reads: RunError[] = [];
  const restore = [watchReads(reads), watchKernels(deeds)];
  try {
    const result = tf.tidy(() => {
      const returned = run();
      return returned instanceof Promise ? { promise: true } : undefined;
    });
    if (result !== undefined) throw impure(callSite(), "the step returns a promise", "A step is synchronous");
    // A read that was started without waiting throws into a promise: it shows here.
    if (reads[0] !== undefined) throw reads[0];
    return deeds;
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/** An error that names op and line. */
export function impure({ op, line }: CallSite, problem: string, wanted: string): RunError {
  return new RunError({ code: "tensor.pure-step", at: `${line} (${op})`, problem, wanted });
}

/** Replaces methods of an object; the result puts them back. */
export function patch(target: object, methods: Record<string, (original: Method) => Method>): () => void {
  const object = target as Patched;
  for (const [name, wrap] of Object.entries(methods)) object[name] = wrap((object[name] as Method).bind(target));
  return () => {
    for (const name of Object.keys(methods)) delete object[name];
  };
}

export function watchReads(reads: RunError[]): () => void {
  const refuse = () => () => {
    const error = impure(
      callSite(),
      "reads the values of a tensor inside a step",
      "A step is a function of tensors: compute with ops, and read results after it",
    );
    reads.push(error);
    throw error;
  };
  return patch(tf.engine(), { read: refuse, readSync: refuse, readToGPU: refuse });
}

/** Tells of calls from outside: what a kernel does inside is its own affair. */
export class OuterCalls {
  #depth = 0;

  /** Whether one of the wrapped methods is running. */
  get inside(): boolean {
    return this.#depth > 0;
  }

  /** Wraps a method, so that each call that no wrapped one makes is told when it has ended. */
  wrap(tell: (args: readonly unknown[], result: unknown) => void): (original: Method) => Method {
    return (original) =>
      (...args) => {
        this.#depth++;
        let result: unknown;
        try {
          result = original(...args);
        } finally {
          this.#depth--;
        }
        if (!this.inside) tell(args, result);
        return result;
      };
  }
}

function watchKernels(deeds: Deed[]): () => void {
  const calls = new OuterCalls();
  const watched = (attributesAt: 1 | 2) =>
    calls.wrap((args, result) => deeds.push(deedOf(String(args[0]), args[attributesAt], result)));
  const restoreEngine = patch(tf.engine(), {
    runKernel: watched(2),
    makeTensor:
      (original) =>
      (...args) => {
        if (!calls.inside) deeds.push(constantOf(...(args as unknown as [ArrayLike<number>, number[], string])));
        return original(...args);
      },
  });
  const raw = Object.keys({ executeSingleOutput: 0, executeMultipleOutputs: 0 }).filter((name) => name in tf.backend());
  const restoreBackend = patch(tf.backend(), Object.fromEntries(raw.map((name) => [name, watched(1)])));
  return () => {
    restoreBackend();
    restoreEngine();
  };
}

function deedOf(name: string, attributes: unknown, result: unknown): Deed {
  const site = callSite();
  if (valueShaped.test(name))
    throw impure(
      { ...site, op: name },
      "gives a result whose shape depends on values",
      "No shape in a step does: pad to a fixed size and mask",
    );
  const tensors = (Array.isArray(result) ? result : [result]) as tf.Tensor[];
  const shapes = tensors.map(({ shape }) => shapeText(shape)).join(" ");
  return { what: name, detail: JSON.stringify(attributes ?? {}), shapes, site };
}

function constantOf(values: ArrayLike<number>, shape: number[], dtype: string): Deed {
  const site = callSite();
  const listOfAxes = dtype === "int32" && shape.length === 1 && values.length <= longestShape;
  if (!listOfAxes && !patterns.has(site.op) && !isUniform(values))
    throw impure(
      site,
      `makes a tensor ${dtype} ${shapeText(shape)} from host data inside a step`,
      "Put it in the batch, or in the run's constants",
    );
  const detail = listOfAxes ? Array.from(values).join(", ") : String(values[0]);
  return { what: "constant", detail, shapes: shapeText(shape), site };
}

function isUniform(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return false;
  return true;
}
