import { collateExamples, type FusedEncoder, type PreparedText } from "@kgraft/fusion";
import {
  type HostBatch,
  inference,
  type LossFunction,
  type Parameters,
  type StepContext,
  type TensorBatch,
  tf,
  toDevice,
  type Weights,
} from "@kgraft/tensor";
import type { Task, TaskReport } from "./contract.ts";
import { forward } from "./forward.ts";
import type { Prediction } from "./predictions.ts";
import type { StoredStates } from "./stored-states.ts";
import type { TextBatch, TextBatches } from "./text-batches.ts";

/** A task's head on a fused encoder, which may start from stored states. */
export class TaskModel<Report extends TaskReport = TaskReport> {
  readonly #task: Task<Report>;
  readonly #model: FusedEncoder;
  readonly #states: StoredStates | undefined;

  constructor(task: Task<Report>, model: FusedEncoder, states: StoredStates | undefined) {
    this.#task = task;
    this.#model = model;
    this.#states = states;
  }

  /** Pads examples to a batch: pieces, knowledge, the task's arrays and the stored states. */
  async batch({ examples, length }: TextBatch): Promise<HostBatch> {
    const collated = collateExamples(examples, length, this.#model.fusion);
    const own = this.#task.collate(examples, { rows: examples.length, length });
    const hidden = await this.#states?.batch(examples, length);
    return { ...collated, arrays: { ...collated.arrays, ...own, ...hidden } };
  }

  /** The task's loss, under the task's name. */
  get losses(): LossFunction {
    return (weights, batch, context) => {
      const at = { weights, batch, context };
      return { [this.#task.name]: this.#task.loss(this.#logits(weights, batch, context), at) };
    };
  }

  /**
   * Predicts for every example, in the order given; nothing for one whose target was cut off.
   *
   * @param batches of the examples that fit
   */
  async predict(
    parameters: Parameters,
    prepared: readonly PreparedText[],
    batches: TextBatches,
    onExample?: (done: number) => void,
  ): Promise<readonly Prediction[]> {
    const found = new Map<PreparedText, Prediction>();
    await this.read(parameters, batches, (example, logits) => {
      found.set(example, this.#task.predict(example, logits));
      onExample?.(found.size);
    });
    return prepared.map((example) => found.get(example) ?? { id: example.example.id, labels: [] });
  }

  /** Runs batches without dropout and hands out the logits of each example, a copy. */
  async read(
    parameters: Parameters,
    batches: TextBatches,
    onExample: (example: PreparedText, logits: Float32Array) => void,
  ): Promise<void> {
    const constants = toDevice(this.#model.constants);
    try {
      for (const batch of batches.plan()) {
        const { arrays } = await this.batch(batch);
        const logits = await forward(arrays, constants, (tensors) => this.#logits(parameters, tensors, inference));
        const width = logits.length / batch.examples.length;
        for (const [row, example] of batch.examples.entries())
          onExample(example, logits.slice(row * width, (row + 1) * width));
      }
    } finally {
      tf.dispose({ ...constants });
    }
  }

  #logits(weights: Weights, batch: TensorBatch, context: StepContext): tf.Tensor {
    const range = this.#states === undefined ? undefined : { from: this.#states.layer };
    const { hidden } = this.#model.run(weights, batch, context, range).stream;
    return this.#task.logits(hidden, { weights, batch, context });
  }
}
