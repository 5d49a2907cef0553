import { InputError, readJsonFile } from "@kgraft/runtime";
import type { ScaleState } from "./loss-scale.ts";
import type { Best, Evaluation } from "./options.ts";

/** Version of the layout of a checkpoint folder. */
export const checkpointFormat = 1;

/** What `state.json` says of a run beside its tensors. */
export interface CheckpointState {
  readonly format: number;
  readonly configHash: string;
  /** Steps done. */
  readonly step: number;
  /** The next batch. */
  readonly epoch: number;
  readonly index: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly evaluations: readonly Evaluation[];
  readonly best?: Best;
  /** Where losses are scaled. */
  readonly scaling?: ScaleState;
}

/**
 * Reads `state.json`.
 *
 * @throws InputError `tensor.checkpoint.broken` where it is missing, cut short or not a state
 */
export async function readState(path: string): Promise<CheckpointState> {
  const code = "tensor.checkpoint.broken";
  const value = ((await readJsonFile(path, { code })) ?? {}) as Partial<CheckpointState>;
  const counts = [value.format, value.step, value.epoch, value.index];
  if (counts.every((count) => Number.isSafeInteger(count)) && typeof value.configHash === "string")
    return value as CheckpointState;
  throw new InputError({ code, at: path, problem: "is not the state of a training run" });
}

/** @throws InputError `tensor.checkpoint.foreign` naming what differs */
export function refuseForeign(folder: string, state: CheckpointState, configHash: string): void {
  const differs =
    state.format !== checkpointFormat
      ? `has format version ${state.format}; this version writes ${checkpointFormat}`
      : state.configHash !== configHash
        ? `belongs to another configuration: its hash is ${state.configHash}, this run's ${configHash}`
        : undefined;
  if (differs === undefined) return;
  throw new InputError({
    code: "tensor.checkpoint.foreign",
    at: folder,
    problem: differs,
    fix: "Resume with the configuration that wrote it, or start again in another folder",
  });
}
