import type * as tf from "@tensorflow/tfjs-core";

/** How a parameter starts. All draws come from the stream `initialisation/<parameter name>` of the seed. */
export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** N(0, deviation²), not truncated; of a matrix, one row may start at zero (a table's padding). */
  | { readonly kind: "normal"; readonly deviation: number; readonly zeroRow?: number }
  /** U(-limit, limit). */
  | { readonly kind: "uniform"; readonly limit: number }
  /** Of a matrix: ones on the diagonal, zeros elsewhere. */
  | { readonly kind: "identity" };

/** What a parameter is for; decides weight decay (none on bias and normalization) without looking at names. */
export type ParameterRole = "weight" | "embedding" | "bias" | "normalization";

/** Declares one trainable tensor. */
export interface ParameterSpec {
  /** The path, e.g. `bert.encoder.layer.0.attention.self.query.weight` or `fusion/ernie-thu/layer.5/entity/kernel`. */
  readonly name: string;
  /** Linear kernels are `[out, in]`. */
  readonly shape: readonly number[];
  readonly init: Initializer;
  readonly role: ParameterRole;
}

/** Reads the current value of parameters by name; inside a step these are the tensors gradients are taken for. */
export interface Weights {
  /** @throws RunError `tensor.weights.missing` with the nearest names */
  get(name: string): tf.Tensor;
}

/**
 * A loss as a sum over what it counts and the weight of that count (both scalars), never a mean: so accumulation,
 * uneven batches and several ranks give the same update.
 */
export interface Loss {
  readonly sum: tf.Scalar;
  readonly weight: tf.Scalar;
}

/** What a forward pass needs to know of the step it is part of. */
export interface StepContext {
  /** False: no dropout. */
  readonly training: boolean;
  /** Dropout key of this step, int32 [2]; undefined outside training. Sites derive their own keys by name. */
  readonly key?: tf.Tensor | undefined;
}

/** The context of evaluation: nothing is dropped. */
export const inference: StepContext = { training: false };

/** One array of a batch on the host. The trainer copies it to the device; the buffer stays the caller's. */
export interface HostArray {
  readonly dtype: "int32" | "float32" | "bool";
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array | Uint8Array;
}

/** A batch on the host: named arrays, and the ids of its examples for error messages. */
export interface HostBatch {
  readonly arrays: Readonly<Record<string, HostArray>>;
  readonly ids?: readonly string[];
  /** Non-padding tokens, for the rate shown. */
  readonly tokens?: number;
}

/** The same batch as tensors. */
export type TensorBatch = Readonly<Record<string, tf.Tensor>>;

/** Batches by place: the same (epoch, index) always gives the same batch, so that a run resumes anywhere. */
export interface BatchSource {
  batchesInEpoch(epoch: number): number;
  batch(epoch: number, index: number): HostBatch | Promise<HostBatch>;
}

/** The losses of one step: a pure function of tensors. Names become curves; the total is the weighted sum of means. */
export type LossFunction = (
  weights: Weights,
  batch: TensorBatch,
  context: StepContext,
) => Readonly<Record<string, Loss>>;
