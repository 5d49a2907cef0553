import { InputError, RunError, type Streams } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { HostArray, Initializer, ParameterSpec, Weights } from "./contract.ts";
import { nearestNames } from "./nearest-names.ts";
import { sameShape, shapeText, sizeOf } from "./shapes.ts";

/** One trainable tensor with its declaration. */
interface Parameter {
  readonly spec: ParameterSpec;
  tensor: tf.Tensor;
}

/**
 * Holds the trainable tensors of a model by name, on the device of the active backend.
 *
 * The tensors belong to this object: {@link dispose} gives them back, nobody else may.
 */
export class Parameters implements Weights {
  readonly #parameters = new Map<string, Parameter>();

  /**
   * Makes every declared tensor, drawn from its own stream `initialisation/<name>`.
   *
   * @throws InputError `tensor.parameters.doubled` where a name is declared twice
   */
  static create(specs: Iterable<ParameterSpec>, streams: Streams): Parameters {
    const parameters = new Parameters();
    parameters.add(specs, streams);
    return parameters;
  }

  /** Adds more parameters (a head, a fusion); those that are there keep their values. */
  add(specs: Iterable<ParameterSpec>, streams: Streams): void {
    const added = [...specs];
    this.#refuseDoubled(added);
    for (const spec of added) {
      const values = initialValues(spec, streams);
      this.#parameters.set(spec.name, { spec, tensor: keptTensor(values, spec.shape) });
    }
  }

  /** All names, in the order of declaration. */
  names(): readonly string[] {
    return [...this.#parameters.keys()];
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** @throws RunError `tensor.weights.missing` with the nearest names */
  spec(name: string): ParameterSpec {
    return this.#parameter(name).spec;
  }

  /** The current value; inside a step the tensor that gradients are taken for. Never dispose it. */
  get(name: string): tf.Tensor {
    return this.#parameter(name).tensor;
  }

  /**
   * Sets a value, in the declared shape; the array is copied.
   *
   * @throws InputError `tensor.parameters.shape` or `tensor.parameters.dtype`
   */
  assign(name: string, value: HostArray | Float32Array): void {
    const parameter = this.#parameter(name);
    const { shape } = parameter.spec;
    const data = value instanceof Float32Array ? value : floatData(name, value);
    const given = value instanceof Float32Array ? [value.length] : value.shape;
    const fits = value instanceof Float32Array ? value.length === sizeOf(shape) : sameShape(given, shape);
    if (!fits)
      throw new InputError({
        code: "tensor.parameters.shape",
        at: name,
        problem: `has shape ${shapeText(given)}`,
        wanted: `Wanted ${shapeText(shape)}`,
      });
    this.replace(name, () => keptTensor(data.slice(), shape));
  }

  /**
   * Puts a new tensor in the place of the old one, which is disposed. The new one is kept from tidying.
   *
   * @param next makes it; what it disposes of the old one itself may be written over in place
   */
  replace(name: string, next: (last: tf.Tensor) => tf.Tensor): void {
    const parameter = this.#parameter(name);
    const last = parameter.tensor;
    parameter.tensor = tf.keep(next(last));
    last.dispose();
  }

  /** Copies all values to the host; the arrays are the caller's. */
  async snapshot(): Promise<Map<string, Float32Array>> {
    const values = new Map<string, Float32Array>();
    for (const [name, { tensor }] of this.#parameters)
      values.set(name, Float32Array.from(await tensor.data<"float32">()));
    return values;
  }

  /** Numbers held, of the parameters that the filter lets through. */
  count(filter: (spec: ParameterSpec) => boolean = () => true): number {
    let total = 0;
    for (const { spec } of this.#parameters.values()) if (filter(spec)) total += sizeOf(spec.shape);
    return total;
  }

  /** Gives all tensors back; afterwards the object holds none. */
  dispose(): void {
    for (const { tensor } of this.#parameters.values()) tensor.dispose();
    this.#parameters.clear();
  }

  #parameter(name: string): Parameter {
    const parameter = this.#parameters.get(name);
    if (parameter !== undefined) return parameter;
    throw new RunError({
      code: "tensor.weights.missing",
      at: "tensor.parameters",
      problem: `no parameter "${name}"`,
      wanted: nearestNames(name, [...this.#parameters.keys()]),
    });
  }

  #refuseDoubled(added: readonly ParameterSpec[]): void {
    const seen = new Set(this.#parameters.keys());
    for (const { name } of added) {
      if (seen.has(name))
        throw new InputError({
          code: "tensor.parameters.doubled",
          at: "tensor.parameters",
          problem: `"${name}" is declared twice`,
          wanted: "Wanted one declaration a name",
          fix: "Give one of the two another path, or add it once",
        });
      seen.add(name);
    }
  }
}

function initialValues(spec: ParameterSpec, streams: Streams): Float32Array {
  const values = new Float32Array(sizeOf(spec.shape));
  const { init } = spec;
  if (init.kind === "zeros") return values;
  if (init.kind === "ones") return values.fill(1);
  if (init.kind === "identity") return withDiagonal(values, spec.shape);
  return drawValues(values, init, spec, streams);
}

function drawValues(
  values: Float32Array,
  init: Extract<Initializer, { kind: "normal" | "uniform" }>,
  { name, shape }: ParameterSpec,
  streams: Streams,
): Float32Array {
  const draw = streams.at(`initialisation/${name}`);
  if (init.kind === "normal") {
    draw.fillNormal(values, init.deviation);
    return init.zeroRow === undefined ? values : withoutRow(values, init.zeroRow, shape);
  }
  for (let i = 0; i < values.length; i++) values[i] = (2 * draw.uniform() - 1) * init.limit;
  return values;
}

function withDiagonal(values: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = 1;
  return values;
}

function withoutRow(values: Float32Array, row: number, [rows]: readonly number[]): Float32Array {
  const width = values.length / (rows ?? 1);
  return values.fill(0, row * width, (row + 1) * width);
}

/** The buffer must be the tensor's own: a backend may use it as it is. */
function keptTensor(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.keep(tf.tensor(values, [...shape], "float32"));
}

function floatData(name: string, { dtype, data }: HostArray): Float32Array {
  if (dtype === "float32" && data instanceof Float32Array) return data;
  throw new InputError({
    code: "tensor.parameters.dtype",
    at: name,
    problem: `holds ${dtype} values`,
    wanted: "Wanted float32",
  });
}
