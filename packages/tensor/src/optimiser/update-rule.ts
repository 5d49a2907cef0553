import type * as tf from "@tensorflow/tfjs-core";
import type { RawAttribute } from "../backend/raw-op.ts";

/** Numbers of one step by name; as scalars they are inputs of the step. */
export type Numbers = Readonly<Record<string, number>>;

/** What one parameter has in a step: its value, its gradient and its moments, all float32 of one shape. */
export interface ParameterState {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** In the order of {@link UpdateRule.moments}. */
  readonly moments: readonly tf.Tensor[];
}

/** The scalars of a step as a rule reads them. */
export type ScalarOf = (name: string) => tf.Scalar;

/** What a rule must know of a parameter. */
export interface Traits {
  /** It has weight decay. */
  readonly decaying: boolean;
  /** It is neither bias nor normalization. */
  readonly weight: boolean;
}

/** How an optimiser moves one parameter: a pure function of tensors. */
export interface UpdateRule {
  /** Names of the moments, which begin at zero. */
  readonly moments: readonly string[];
  /** Weight decay where the config says nothing. */
  readonly defaultDecay: number;
  /** A row without a gradient stays as it is, and so do its moments: then rows can be moved alone. */
  readonly rowwise?: boolean;
  /**
   * Numbers that change from step to step or group to group.
   *
   * @param step 1 for the first update
   * @param rate the scheduled rate of the group
   */
  numbers(step: number, rate: number, decay: number): Numbers;
  /**
   * @returns the new value and the new moments
   */
  update(state: ParameterState, scalar: ScalarOf, traits: Traits): Omit<ParameterState, "gradient">;
  /** The same as one TensorFlow op on resource variables, where there is one. */
  inPlace?(state: Omit<ParameterState, "moments">, scalar: ScalarOf, traits: Traits): InPlaceUpdate;
}

/** A TensorFlow op that writes value and moments in place. */
export interface InPlaceUpdate {
  /** The value that the op starts from, where it is not the present one. */
  readonly value?: tf.Tensor;
  /** An op whose first inputs are the variables: the value, then the moments. */
  readonly op: string;
  /** Beside `T` and `use_locking`. */
  readonly attributes: Readonly<Record<string, RawAttribute>>;
  /** The inputs after the variables. */
  readonly inputs: readonly tf.Tensor[];
}
