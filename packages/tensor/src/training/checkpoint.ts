import { access, constants, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  InputError,
  isTemporaryName,
  type Progress,
  RunError,
  writeFileAtomic,
  writeFolderAtomic,
} from "@kgraft/runtime";
import { nearestNames } from "../nearest-names.ts";
import type { Optimiser } from "../optimiser/optimiser.ts";
import type { Parameters } from "../parameters.ts";
import { SafetensorsFile } from "../safetensors/read.ts";
import { type TensorToWrite, writeSafetensors } from "../safetensors/write.ts";
import { sameShape, shapeText } from "../shapes.ts";
import { type CheckpointState, checkpointFormat, readState, refuseForeign } from "./checkpoint-state.ts";
import type { LossHistory } from "./loss-history.ts";
import type { CheckpointOptions } from "./options.ts";

/** Everything of a run that a checkpoint holds as tensors. */
export interface Trainee {
  readonly parameters: Parameters;
  readonly optimiser: Optimiser;
  readonly history: LossHistory;
}

const stateFile = "state.json";
/** Not `model.safetensors`: nothing should take a checkpoint for a model. */
const tensorFile = "state.safetensors";

/** The checkpoints of one run: folders `step-<n>` with weights, moments, loss history and state. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #progress: Progress;
  /** When the last checkpoint was written, or the run opened. */
  #last = performance.now();

  private constructor(options: CheckpointOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
  }

  /**
   * Opens the folder of a run, and removes what a killed process left half-written.
   *
   * @throws InputError `tensor.checkpoint.present` where the run is not to be resumed but the folder holds one
   * @throws RunError `tensor.checkpoint.folder` where nothing can be read or written there
   */
  static async open(options: CheckpointOptions, progress: Progress): Promise<Checkpoints> {
    const checkpoints = new Checkpoints(options, progress);
    for (const name of await list(options.folder))
      if (isTemporaryName(name)) await rm(join(options.folder, name), { recursive: true, force: true });
    await refuseReadOnly(options.folder);
    const last = (await checkpoints.#steps())[0];
    if (last === undefined || options.resume) return checkpoints;
    throw new InputError({
      code: "tensor.checkpoint.present",
      at: options.folder,
      problem: `holds a run at step ${last}`,
      fix: "Resume it, or choose another folder",
    });
  }

  /**
   * Brings a run back to its last checkpoint that can be read; undefined where there is none.
   *
   * @throws InputError `tensor.checkpoint.foreign` where it belongs to another run, `tensor.checkpoint.broken` where
   * none of those there can be read
   */
  async restore(trainee: Trainee): Promise<CheckpointState | undefined> {
    let failure: InputError | undefined;
    for (const step of await this.#steps()) {
      try {
        return await this.#load(this.#folder(step), trainee);
      } catch (thrown) {
        if (!(thrown instanceof InputError) || thrown.code === "tensor.checkpoint.foreign") throw thrown;
        this.#progress.note(`Passing over a checkpoint that cannot be read: ${thrown.message}`);
        failure ??= thrown;
      }
    }
    if (failure === undefined) return undefined;
    throw new InputError({
      code: "tensor.checkpoint.broken",
      at: failure.at,
      problem: `cannot be read, nor can an earlier checkpoint (${failure.message})`,
      fix: "Start again without resuming",
      cause: failure,
    });
  }

  /** Reads the weights of one checkpoint alone. */
  async restoreWeights(step: number, parameters: Parameters): Promise<void> {
    const folder = this.#folder(step);
    await reading(folder, (file) => loadWeights(file, folder, parameters));
  }

  /** Whether a step is one of those that are saved in any case, or the last checkpoint is long ago. */
  isDue(step: number): boolean {
    const { everySteps, everySeconds = Number.POSITIVE_INFINITY } = this.#options;
    return step % everySteps === 0 || performance.now() - this.#last >= 1000 * everySeconds;
  }

  /**
   * Writes a checkpoint under its step, and removes those that are neither among the last `keep` nor the best.
   *
   * @throws RunError `runtime.write`, or `tensor.train.diverged` where weights are not finite; those before stay as they are
   */
  async save(state: Omit<CheckpointState, "format" | "configHash">, trainee: Trainee): Promise<void> {
    await writeFolderAtomic(this.#folder(state.step), async (temporary) => {
      await writeSafetensors(join(temporary, tensorFile), tensorsOf(trainee, state.step), {
        format: "kgraft-checkpoint",
      });
      const whole: CheckpointState = { format: checkpointFormat, configHash: this.#options.configHash, ...state };
      await writeFileAtomic(join(temporary, stateFile), `${JSON.stringify(whole, null, 2)}\n`);
    });
    this.#last = performance.now();
    const steps = await this.#steps();
    for (const step of steps.slice(this.#options.keep))
      if (step !== state.best?.step) await rm(this.#folder(step), { recursive: true, force: true });
  }

  async #load(folder: string, trainee: Trainee): Promise<CheckpointState> {
    const state = await readState(join(folder, stateFile));
    refuseForeign(folder, state, this.#options.configHash);
    await reading(folder, async (file) => {
      await loadWeights(file, folder, trainee.parameters);
      await trainee.optimiser.assignMoments((name) => file.readFloats(`moments/${name}`));
      await trainee.history.load(file);
    });
    return state;
  }

  #folder(step: number): string {
    return join(this.#options.folder, `step-${step}`);
  }

  /** Steps that have a checkpoint, the last first. */
  async #steps(): Promise<number[]> {
    const found = (await list(this.#options.folder)).flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => b - a);
  }
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new RunError({ code: "tensor.checkpoint.folder", at: folder, problem: cause.message, cause });
  });
}

/** Before hours of training rather than after: checks the folder, or the nearest above it that is there. */
async function refuseReadOnly(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(folder) !== folder) return refuseReadOnly(dirname(folder));
    throw new RunError({
      code: "tensor.checkpoint.folder",
      at: folder,
      problem: `cannot be written: ${message}`,
      fix: "Choose another folder for checkpoints, or make this one writable",
      cause,
    });
  }
}

async function reading(folder: string, use: (file: SafetensorsFile) => Promise<void>): Promise<void> {
  const file = await SafetensorsFile.open(join(folder, tensorFile));
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** Checks all names and shapes before the first value is set. */
async function loadWeights(file: SafetensorsFile, folder: string, parameters: Parameters): Promise<void> {
  const stored = file.names().flatMap((name) => (name.startsWith("weights/") ? name.slice("weights/".length) : []));
  const extra = stored.find((name) => !parameters.has(name));
  if (extra !== undefined)
    throw foreign(
      folder,
      `holds the parameter "${extra}", which the model lacks`,
      nearestNames(extra, parameters.names()),
    );
  for (const name of parameters.names()) {
    const { shape } = parameters.spec(name);
    if (!file.has(`weights/${name}`))
      throw foreign(folder, `lacks the parameter "${name}"`, nearestNames(name, stored));
    const found = file.info(`weights/${name}`).shape;
    if (!sameShape(found, shape))
      throw foreign(folder, `holds "${name}" as ${shapeText(found)}`, `The model has ${shapeText(shape)}`);
  }
  for (const name of parameters.names()) parameters.assign(name, await file.readFloats(`weights/${name}`));
}

function foreign(folder: string, problem: string, wanted: string): InputError {
  return new InputError({ code: "tensor.checkpoint.foreign", at: basename(folder), problem, wanted });
}

function tensorsOf({ parameters, optimiser, history }: Trainee, step: number): TensorToWrite[] {
  const weights = parameters.names().map((name) => {
    const tensor = parameters.get(name);
    return toWrite(`weights/${name}`, tensor.shape, () => tensor.data<"float32">(), step);
  });
  const moments = optimiser.moments().map(({ name, shape, data }) => toWrite(`moments/${name}`, shape, data, step));
  return [...weights, ...moments, ...history.tensors()];
}

function toWrite(
  name: string,
  shape: readonly number[],
  read: () => Promise<Float32Array>,
  step: number,
): TensorToWrite {
  const data = async (): Promise<Float32Array> => {
    const values = await read();
    let finite = 0;
    while (finite < values.length && Number.isFinite(values[finite])) finite++;
    if (finite === values.length) return values;
    throw new RunError({
      code: "tensor.train.diverged",
      at: `step ${step}`,
      problem: `${name} holds values that are not finite`,
      fix: "The last checkpoint is intact. Try a lower rate, a longer warm-up or clipNorm",
    });
  };
  return { name, dtype: "float32", shape, data };
}
