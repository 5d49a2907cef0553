import { InputError, RunError, suggestion } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../parameters.ts";
import { adagrad } from "./adagrad.ts";
import { adamW } from "./adamw.ts";
import type { Gradients } from "./clip.ts";
import type { OptimiserConfig } from "./config.ts";
import { decays, type LayerwiseDecay, type ParameterGroup, type ParameterPlan, planParameters } from "./groups.ts";
import { lamb } from "./lamb.ts";
import { type MomentStore, momentStore } from "./moment-store.ts";
import { sgd } from "./sgd.ts";
import type { ScalarOf, Traits, UpdateRule } from "./update-rule.ts";

/** The changing numbers of a step as scalars: rates, bias corrections. Inputs of the step, made before it. */
export type StepScalars = Readonly<Record<string, tf.Scalar>>;

/** Which parameters are trained differently. */
export interface OptimiserGroups {
  readonly groups?: readonly ParameterGroup[];
  readonly layerwiseDecay?: LayerwiseDecay;
}

/** A parameter that is trained, with its moments. */
interface Trained {
  readonly plan: ParameterPlan;
  /** Which rate and decay it shares with others. */
  readonly group: number;
  readonly moments: MomentStore;
}

/** One moment of one parameter. */
export interface MomentValues {
  readonly name: string;
  readonly shape: readonly number[];
  /** The values as they are now, the caller's. */
  data(): Promise<Float32Array>;
}

/** Moves parameters along their gradients, and holds the moments that this takes. */
export class Optimiser {
  readonly #rule: UpdateRule;
  readonly #trained = new Map<string, Trained>();
  readonly #groups: { readonly rate: number; readonly decay: number }[] = [];

  /**
   * @throws InputError `tensor.optimiser` for an unknown name or a rate that is not above 0, and what
   * {@link planParameters} throws
   */
  constructor(config: OptimiserConfig, parameters: Parameters, { groups, layerwiseDecay }: OptimiserGroups = {}) {
    this.#rule = updateRule(config);
    const specs = parameters.names().map((name) => parameters.spec(name));
    const defaults = { rate: config.rate, decay: config.decay ?? this.#rule.defaultDecay };
    for (const plan of planParameters(specs, defaults, groups, layerwiseDecay)) {
      if (plan.frozen) continue;
      const moments = momentStore(plan.spec.name, parameters, this.#rule);
      this.#trained.set(plan.spec.name, { plan, group: this.#groupOf(plan), moments });
    }
  }

  /** Names of the parameters that are trained: those that gradients are wanted for. */
  get trainable(): readonly string[] {
    return [...this.#trained.keys()];
  }

  /**
   * Makes the scalars of one update; the caller disposes them.
   *
   * @param step 1 for the first update
   * @param factor the schedule's
   */
  scalars(step: number, factor: number): StepScalars {
    const scalars: Record<string, tf.Scalar> = {};
    for (const [group, { rate, decay }] of this.#groups.entries())
      for (const [name, value] of Object.entries(this.#rule.numbers(step, rate * factor, decay)))
        scalars[`${group}/${name}`] = tf.scalar(value, "float32");
    return scalars;
  }

  /**
   * Moves every parameter that has a gradient, and its moments; the others stay as they are, without decay. A pure
   * function of parameters, moments, gradients and scalars.
   */
  apply(gradients: Gradients, scalars: StepScalars): void {
    for (const [name, gradient] of Object.entries(gradients)) {
      const { moments, scalar, traits } = this.#state(name, scalars);
      moments.apply(gradient, scalar, traits);
    }
  }

  /**
   * Moves some rows of a table, and theirs of its moments; all others stay as they are, and cost nothing on native. The
   * gradient is that by the rows which the step gathered, so that no gradient of the whole table is ever made.
   *
   * @param ids      int32 [K], distinct rows of the parameter
   * @param gradient float32 [K, …]
   * @throws RunError `tensor.optimiser.rows` where the rule would move rows without a gradient too
   */
  applyRows(name: string, ids: tf.Tensor, gradient: tf.Tensor, scalars: StepScalars): void {
    const { moments, scalar, traits } = this.#state(name, scalars);
    if (this.#rule.rowwise !== true || traits.decaying)
      throw new RunError({
        code: "tensor.optimiser.rows",
        at: "tensor.optimiser",
        problem: `"${name}" cannot be moved row by row: the rule${traits.decaying ? "'s weight decay" : ""} moves every row`,
        wanted: "Wanted adagrad without weight decay",
      });
    moments.applyRows(ids, gradient, scalar, traits);
  }

  /** The moments under `<moment>/<parameter>`, for a checkpoint. */
  moments(): readonly MomentValues[] {
    return [...this.#trained].flatMap(([name, { plan, moments }]) =>
      this.#rule.moments.map((moment, i) => ({
        name: `${moment}/${name}`,
        shape: plan.spec.shape,
        data: () => moments.read(i),
      })),
    );
  }

  /**
   * Sets the moments to what {@link moments} gave.
   *
   * @param read gives the values of one moment by its name; the array is copied
   */
  async assignMoments(read: (name: string) => Promise<Float32Array>): Promise<void> {
    for (const [name, { moments }] of this.#trained)
      for (const [i, moment] of this.#rule.moments.entries()) moments.write(i, await read(`${moment}/${name}`));
  }

  /** Gives the moments back. */
  dispose(): void {
    for (const { moments } of this.#trained.values()) moments.dispose();
    this.#trained.clear();
  }

  #groupOf({ rate, decay }: ParameterPlan): number {
    const known = this.#groups.findIndex((group) => group.rate === rate && group.decay === decay);
    return known === -1 ? this.#groups.push({ rate, decay }) - 1 : known;
  }

  #state(name: string, scalars: StepScalars): { moments: MomentStore; scalar: ScalarOf; traits: Traits } {
    const { plan, group, moments } = this.#find(name);
    return {
      moments,
      scalar: (key) => scalars[`${group}/${key}`] as tf.Scalar,
      traits: { decaying: plan.decay > 0, weight: decays(plan.spec) },
    };
  }

  #find(name: string): Trained {
    const trained = this.#trained.get(name);
    if (trained !== undefined) return trained;
    throw new RunError({
      code: "tensor.optimiser.frozen",
      at: "tensor.optimiser",
      problem: `"${name}" has a gradient but is not trained`,
      wanted: "Wanted gradients of `trainable` parameters only",
    });
  }
}

const names = ["adamw", "lamb", "sgd", "adagrad"];

function updateRule(config: OptimiserConfig): UpdateRule {
  if (!(config.rate > 0 && Number.isFinite(config.rate)))
    throw refusal("rate", `is ${config.rate}`, "Wanted a number above 0");
  switch (config.name) {
    case "adamw":
      return adamW(config);
    case "lamb":
      return lamb(config);
    case "sgd":
      return sgd(config);
    case "adagrad":
      return adagrad(config);
    default: {
      const { name } = config as { name: string };
      throw refusal("name", `no optimiser "${name}"`, `Wanted one of ${names.join(", ")}`, suggestion(name, names));
    }
  }
}

function refusal(key: string, problem: string, wanted: string, fix?: string): InputError {
  return new InputError({ code: "tensor.optimiser", at: `optimiser.${key}`, problem, wanted, fix });
}
