/** Settings that every optimiser has. */
interface CommonConfig {
  /** Base learning rate, above 0; groups may say otherwise, the schedule's factor comes on top. */
  readonly rate: number;
  /** Weight decay; never on biases and normalization. */
  readonly decay?: number;
}

/** Adam with decoupled weight decay. */
export interface AdamWConfig extends CommonConfig {
  readonly name: "adamw";
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the corrected second moment, as PyTorch does. Default 1e-8. */
  readonly epsilon?: number;
  /** Default true; BERT's own code has none. */
  readonly biasCorrection?: boolean;
}

/** Adam's direction, scaled for each weight by the ratio of its norm to the direction's. */
export interface LambConfig extends CommonConfig {
  readonly name: "lamb";
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-6. */
  readonly epsilon?: number;
  /** Default true. */
  readonly biasCorrection?: boolean;
}

/** Gradient descent; decay is added to the gradient. */
export interface SgdConfig extends CommonConfig {
  readonly name: "sgd";
  /** Default 0. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
}

/** Gradients divided by the root of their summed squares; decay is added to the gradient. */
export interface AdagradConfig extends CommonConfig {
  readonly name: "adagrad";
  /** Default 1e-10. */
  readonly epsilon?: number;
}

/** Which optimiser, and its settings. */
export type OptimiserConfig = AdamWConfig | LambConfig | SgdConfig | AdagradConfig;
