import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../parameters.ts";
import { TensorVariable } from "./tensor-variable.ts";
import type { ScalarOf, Traits, UpdateRule } from "./update-rule.ts";

/** The moments of one parameter, and its update. */
export interface MomentStore {
  /** Moves the parameter, and its moments. */
  apply(gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void;
  /** Moves some rows, and theirs of the moments; ids are distinct, int32 [K], the gradient is [K, …]. */
  applyRows(ids: tf.Tensor, gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void;
  /** One moment's values, the caller's. */
  read(index: number): Promise<Float32Array>;
  /** Takes one moment's values; the array is copied. */
  write(index: number, values: Float32Array): void;
  dispose(): void;
}

/** Keeps moments as the backend in use does best: as variables that ops write in place, or as tensors. */
export function momentStore(name: string, parameters: Parameters, rule: UpdateRule): MomentStore {
  const inPlace = tf.getBackend() === "tensorflow" && rule.inPlace !== undefined;
  return inPlace ? new InPlaceMoments(name, parameters, rule) : new TensorMoments(name, parameters, rule);
}

/** Moments as tensors, new ones at every update. */
class TensorMoments implements MomentStore {
  readonly #name: string;
  readonly #parameters: Parameters;
  readonly #rule: UpdateRule;
  #moments: tf.Tensor[];

  constructor(name: string, parameters: Parameters, rule: UpdateRule) {
    this.#name = name;
    this.#parameters = parameters;
    this.#rule = rule;
    this.#moments = rule.moments.map(() => tf.keep(tf.zeros(this.#shape())));
  }

  apply(gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void {
    tf.tidy(() => {
      this.#parameters.replace(this.#name, (value) => {
        const next = this.#rule.update({ value, gradient, moments: this.#moments }, scalar, traits);
        for (const moment of this.#moments) moment.dispose();
        this.#moments = next.moments.map((moment) => tf.keep(moment));
        return next.value;
      });
    });
  }

  applyRows(ids: tf.Tensor, gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void {
    tf.tidy(() => {
      this.#parameters.replace(this.#name, (last) => {
        const moments = this.#moments.map((moment) => tf.gather(moment, ids));
        const next = this.#rule.update({ value: tf.gather(last, ids), gradient, moments }, scalar, traits);
        const places = tf.reshape(ids, [-1, 1]);
        this.#moments = this.#moments.map((moment, i) => {
          const written = tf.keep(tf.tensorScatterUpdate(moment, places, next.moments[i] as tf.Tensor));
          moment.dispose();
          return written;
        });
        return tf.tensorScatterUpdate(last, places, next.value);
      });
    });
  }

  async read(index: number): Promise<Float32Array> {
    return Float32Array.from(await (this.#moments[index] as tf.Tensor).data<"float32">());
  }

  write(index: number, values: Float32Array): void {
    this.#moments[index]?.dispose();
    this.#moments[index] = tf.keep(tf.tensor(values.slice(), this.#shape(), "float32"));
  }

  dispose(): void {
    for (const moment of this.#moments) moment.dispose();
  }

  #shape(): number[] {
    return [...this.#parameters.spec(this.#name).shape];
  }
}

/**
 * Value and moments as TensorFlow variables that one op writes in place. The parameter's tensor is a view of the value's
 * variable; it is given back before the op, else TensorFlow would copy.
 */
class InPlaceMoments implements MomentStore {
  readonly #name: string;
  readonly #parameters: Parameters;
  readonly #rule: UpdateRule;
  readonly #value: TensorVariable;
  readonly #moments: readonly TensorVariable[];
  /** The view of the variable that the parameter holds; another one was assigned from outside. */
  #view: tf.Tensor | undefined;

  constructor(name: string, parameters: Parameters, rule: UpdateRule) {
    this.#name = name;
    this.#parameters = parameters;
    this.#rule = rule;
    const { shape } = parameters.spec(name);
    this.#value = new TensorVariable(shape);
    tf.tidy(() => parameters.replace(name, (last) => this.#assigned(last)));
    this.#moments = rule.moments.map(() => {
      const variable = new TensorVariable(shape);
      tf.tidy(() => variable.assign(tf.zeros([...shape])));
      return variable;
    });
  }

  apply(gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void {
    tf.tidy(() => {
      this.#parameters.replace(this.#name, (last) => {
        const update = this.#rule.inPlace?.({ value: last, gradient }, scalar, traits);
        if (update === undefined) return last;
        if (update.value !== undefined || last !== this.#view) this.#value.assign(update.value ?? last);
        update.value?.dispose();
        last.dispose();
        TensorVariable.update(update, [this.#value, ...this.#moments]);
        return this.#viewed();
      });
    });
  }

  applyRows(ids: tf.Tensor, gradient: tf.Tensor, scalar: ScalarOf, traits: Traits): void {
    tf.tidy(() => {
      this.#parameters.replace(this.#name, (last) => {
        if (last !== this.#view) this.#value.assign(last);
        last.dispose();
        const variables = [this.#value, ...this.#moments];
        const [value, ...moments] = variables.map((variable) => variable.readRows(ids)) as [tf.Tensor, ...tf.Tensor[]];
        const next = this.#rule.update({ value, gradient, moments }, scalar, traits);
        const rows = [next.value, ...next.moments];
        for (const [i, variable] of variables.entries()) variable.assignRows(ids, rows[i] as tf.Tensor);
        return this.#viewed();
      });
    });
  }

  #assigned(value: tf.Tensor): tf.Tensor {
    this.#value.assign(value);
    return this.#viewed();
  }

  #viewed(): tf.Tensor {
    this.#view = this.#value.read();
    return this.#view;
  }

  async read(index: number): Promise<Float32Array> {
    const tensor = (this.#moments[index] as TensorVariable).read();
    const values = Float32Array.from(await tensor.data<"float32">());
    tensor.dispose();
    return values;
  }

  write(index: number, values: Float32Array): void {
    const { shape } = this.#parameters.spec(this.#name);
    tf.tidy(() => this.#moments[index]?.assign(tf.tensor(values.slice(), [...shape], "float32")));
  }

  dispose(): void {
    for (const variable of [this.#value, ...this.#moments]) variable.dispose();
  }
}
