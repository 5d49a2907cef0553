import { setImmediate } from "node:timers/promises";
import { Optimiser } from "../optimiser/optimiser.ts";
import { scheduleFactor } from "../optimiser/schedule.ts";
import { BatchFeed } from "./batch-feed.ts";
import { BestTracker } from "./best.ts";
import { Checkpoints, type Trainee } from "./checkpoint.ts";
import { toDevice } from "./host-batch.ts";
import { LossHistory } from "./loss-history.ts";
import { LossScale } from "./loss-scale.ts";
import { Meter } from "./meter.ts";
import type { TrainOptions, TrainResult } from "./options.ts";
import { Stepper } from "./step.ts";
import { type Position, planSteps, type StepPlan } from "./steps.ts";

/**
 * Trains parameters in place: steps, schedule, evaluation, early stopping, checkpoints.
 *
 * The same options, seed and backend give the same bytes, also where a run was killed and resumed.
 *
 * @throws InputError for options, groups or a checkpoint that do not fit
 * @throws RunError `tensor.train.diverged`, `tensor.train.memory`, `tensor.train.step` naming step and examples
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const run = new TrainingRun(options);
  try {
    return await run.toEnd();
  } finally {
    await run.dispose();
  }
}

/** Where a run stands. */
interface Standing {
  step: number;
  position: Position;
  tokens: number;
  /** Of earlier sessions. */
  secondsBefore: number;
}

class TrainingRun {
  readonly #options: TrainOptions;
  readonly #plan: StepPlan;
  readonly #trainee: Trainee;
  readonly #optimiser: Optimiser;
  readonly #stepper: Stepper;
  readonly #feed: BatchFeed;
  readonly #scale: LossScale | undefined;
  readonly #meter = new Meter();
  readonly #start = performance.now();
  readonly #standing: Standing = { step: 0, position: { epoch: 0, index: 0 }, tokens: 0, secondsBefore: 0 };
  #tracker: BestTracker | undefined;
  #checkpoints: Checkpoints | undefined;
  /** Weights of the best evaluation, where no checkpoint holds them. */
  #bestWeights: ReadonlyMap<string, Float32Array> | undefined;

  constructor(options: TrainOptions) {
    const { parameters, losses, lossWeights = {}, data, length, accumulate = 1, constants = {}, clipNorm } = options;
    this.#options = options;
    this.#plan = planSteps(data, length, accumulate);
    this.#factor(0);
    this.#scale = options.lossScaling && new LossScale(options.lossScaling);
    this.#optimiser = new Optimiser(options.optimiser, parameters, options);
    this.#trainee = { parameters, optimiser: this.#optimiser, history: new LossHistory() };
    const settings = { losses, parameters, lossWeights, trainable: this.#optimiser.trainable };
    this.#stepper = new Stepper(settings, this.#optimiser, toDevice(constants), { clipNorm, scale: this.#scale });
    this.#feed = new BatchFeed(data, this.#plan);
  }

  async toEnd(): Promise<TrainResult> {
    await this.#restore();
    const { label, progress } = this.#options;
    const bar = progress.bar(label, this.#plan.total);
    try {
      const stopped = await this.#loop((detail) => bar.update(this.#standing.step, detail));
      if (stopped === "signal" && this.#standing.step === 0) await this.#save(true);
      if (stopped !== "signal") await this.#restoreBest();
      return this.#result(stopped);
    } finally {
      bar.end();
    }
  }

  async #loop(show: (detail: string) => void): Promise<TrainResult["stopped"]> {
    let stopped = this.#stop();
    while (stopped === undefined) {
      const losses = await this.#step();
      show(this.#meter.detail(losses));
      const improved = await this.#evaluate();
      stopped = this.#stop();
      await this.#save(improved || stopped !== undefined);
      // Signals, timers and the screen get their turn: the native backend computes without leaving this thread.
      await setImmediate();
    }
    return stopped;
  }

  async dispose(): Promise<void> {
    await this.#feed.dispose();
    this.#optimiser.dispose();
    this.#stepper.dispose();
  }

  async #restore(): Promise<void> {
    const { checkpoint, evaluate, progress } = this.#options;
    if (checkpoint !== undefined) this.#checkpoints = await Checkpoints.open(checkpoint, progress);
    const state = await this.#checkpoints?.restore(this.#trainee);
    if (evaluate !== undefined) this.#tracker = new BestTracker(evaluate, state?.evaluations);
    if (state === undefined) return;
    const { step, epoch, index, tokens, seconds, scaling } = state;
    if (scaling !== undefined) this.#scale?.restore(scaling);
    Object.assign(this.#standing, { step, position: { epoch, index }, tokens, secondsBefore: seconds });
    progress.note(`${this.#options.label}: going on after step ${step} of ${this.#plan.total}`);
  }

  async #step(): Promise<Readonly<Record<string, number>>> {
    const standing = this.#standing;
    const step = standing.step + 1;
    const { place, batches } = await this.#feed.take(standing.position, step < this.#plan.total);
    const before = performance.now();
    const { label, optimiser } = this.#options;
    const factor = this.#factor(standing.step);
    const keys = this.#keys(step, batches.length);
    const { losses, ...scaling } = await this.#stepper.run({ label, step, batches, keys, factor });
    const seconds = (performance.now() - before) / 1000;
    const tokens = batches.reduce((sum, { host }) => sum + (host.tokens ?? 0), 0);
    this.#meter.add(seconds, tokens);
    this.#trainee.history.add(losses);
    Object.assign(standing, { step, position: place.next, tokens: standing.tokens + tokens });
    const rate = optimiser.rate * factor;
    this.#options.onStep?.({ step, epoch: place.epoch, losses, rate, seconds, tokens, ...scaling });
    return losses;
  }

  /** int32 [2] for each batch of a step. */
  #keys(step: number, count: number): Int32Array[] {
    return Array.from({ length: count }, (_, part) => {
      const draw = this.#options.streams.at("dropout", step, ...(part === 0 ? [] : [part]));
      return Int32Array.of(draw.bits(), draw.bits());
    });
  }

  #factor(step: number): number {
    return scheduleFactor(this.#options.schedule, step, this.#plan.total);
  }

  /** True where an evaluation was due and is the best so far. */
  async #evaluate(): Promise<boolean> {
    const { evaluate, parameters } = this.#options;
    const { step, position } = this.#standing;
    if (evaluate === undefined || this.#tracker === undefined) return false;
    const due = evaluate.every === "epoch" ? position.index === 0 : step % evaluate.every === 0;
    if (!due && step !== this.#plan.total) return false;
    const improved = this.#tracker.add({ step, metrics: await evaluate.run(step) });
    if (improved && evaluate.restoreBest === true && this.#checkpoints === undefined)
      this.#bestWeights = await parameters.snapshot();
    return improved;
  }

  #stop(): TrainResult["stopped"] | undefined {
    if (this.#standing.step >= this.#plan.total) return "length";
    if (this.#tracker?.exhausted === true) return "patience";
    return this.#options.signal?.aborted === true ? "signal" : undefined;
  }

  async #save(inAnyCase: boolean): Promise<void> {
    const { step, position, tokens } = this.#standing;
    if (this.#checkpoints === undefined || !(inAnyCase || this.#checkpoints.isDue(step))) return;
    const best = this.#tracker?.best;
    const evaluations = this.#tracker?.evaluations ?? [];
    const scaling = this.#scale && { scaling: this.#scale.state };
    const state = { step, ...position, tokens, seconds: this.#seconds(), evaluations, ...scaling };
    await this.#checkpoints.save(best === undefined ? state : { ...state, best }, this.#trainee);
  }

  async #restoreBest(): Promise<void> {
    const best = this.#tracker?.best;
    const { evaluate, parameters } = this.#options;
    if (evaluate?.restoreBest !== true || best === undefined || best.step === this.#standing.step) return;
    await this.#checkpoints?.restoreWeights(best.step, parameters);
    for (const [name, values] of this.#bestWeights ?? []) parameters.assign(name, values);
  }

  #seconds(): number {
    return this.#standing.secondsBefore + (performance.now() - this.#start) / 1000;
  }

  #result(stopped: TrainResult["stopped"]): TrainResult {
    const best = this.#tracker?.best;
    const result = {
      steps: this.#standing.step,
      seconds: this.#seconds(),
      tokens: this.#standing.tokens,
      losses: this.#trainee.history.all(),
      evaluations: this.#tracker?.evaluations ?? [],
      stopped,
    };
    return best === undefined ? result : { ...result, best };
  }
}
