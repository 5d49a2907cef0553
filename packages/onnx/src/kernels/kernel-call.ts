import type { GraphBuilder } from "../graph-builder.ts";
import { type Axes, type Dimension, explain } from "../trace/dimension.ts";
import { sizesText, type TracedKernel, type TracedTensor, untraceable } from "../trace/general-trace.ts";

/** One kernel of the trace as its translation sees it. */
export class KernelCall {
  readonly traced: TracedKernel;
  readonly graph: GraphBuilder;
  readonly #axes: Axes;
  readonly #names: ReadonlyMap<number, string>;
  readonly #uses: ReadonlyMap<number, number>;

  constructor(
    traced: TracedKernel,
    graph: GraphBuilder,
    { axes, names, uses }: { axes: Axes; names: ReadonlyMap<number, string>; uses: ReadonlyMap<number, number> },
  ) {
    this.traced = traced;
    this.graph = graph;
    this.#axes = axes;
    this.#names = names;
    this.#uses = uses;
  }

  /** An input tensor by the kernel's own name for it. */
  tensor(name: string): TracedTensor {
    const tensor = this.traced.inputs[name];
    if (tensor === undefined) throw untraceable(this.traced.line(), `${this.traced.kernel} has no input "${name}"`);
    return tensor;
  }

  /** The graph's name of an input. */
  input(name: string): string {
    return this.nameOf(this.tensor(name));
  }

  /** All inputs, in the order that the kernel gives them. */
  inputs(): readonly string[] {
    return Object.values(this.traced.inputs).map((tensor) => this.nameOf(tensor));
  }

  get output(): TracedTensor {
    return this.traced.outputs[0] as TracedTensor;
  }

  /** Whether nothing but this kernel reads an input. */
  isOnlyReader(name: string): boolean {
    return this.#uses.get(this.tensor(name).id) === 1;
  }

  /**
   * An attribute that must be the same at all sizes.
   *
   * @throws InputError `onnx.trace`
   */
  attribute<Value>(name: string): Value {
    const found = this.traced.attributes.map((attributes) => attributes[name]);
    const texts = new Set(found.map((value) => JSON.stringify(value)));
    if (texts.size === 1) return found[0] as Value;
    throw untraceable(
      this.traced.line(),
      `${this.traced.kernel}.${name} is ${[...texts].join(", ")} at different sizes`,
    );
  }

  /**
   * An attribute of numbers that may follow from the axes.
   *
   * @throws InputError `onnx.trace` where one does not
   */
  dimensions(name: string): readonly Dimension[] {
    const found = this.traced.attributes.map((attributes) => [attributes[name] as number | number[]].flat());
    return (found[0] ?? []).map((_, i) => {
      const values = found.map((numbers) => numbers[i] as number);
      const dimension = explain(values, this.#axes);
      if (dimension !== undefined) return dimension;
      const problem = `${this.traced.kernel}.${name} is ${values.join(", ")} at ${sizesText(this.#axes)}`;
      throw untraceable(this.traced.line(), problem, "Let it follow from the axes, or make it an input");
    });
  }

  /** Axes as numbers from 0 up. @param axis -1 is the last; undefined: all */
  axesOf(axis: number | readonly number[] | undefined, rank: number): readonly number[] {
    const given = axis === undefined ? Array.from({ length: rank }, (_, i) => i) : [axis].flat();
    return given.map((one) => (one < 0 ? one + rank : one));
  }

  nameOf({ id }: TracedTensor): string {
    const name = this.#names.get(id);
    if (name !== undefined) return name;
    const problem = `${this.traced.kernel} reads a tensor that was made before the computation`;
    throw untraceable(this.traced.line(), problem, "Make it inside, or give it as a weight or an input");
  }
}

/** Tells a kernel to the graph; gives the names of its outputs. */
export type Translation = (call: KernelCall) => string | readonly string[];
