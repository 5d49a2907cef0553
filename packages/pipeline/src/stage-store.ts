import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Progress,
  readJsonFileIfThere,
  removeAbandoned,
  writeFileAtomic,
  writeFolderAtomic,
} from "@kgraft/runtime";
import { fingerprint } from "./fingerprint.ts";
import { lockFolderInTurn } from "./run-lock.ts";
import { assertGoing } from "./stopped.ts";
import { version } from "./version.ts";

/** Stands in a stage's folder once it is whole. */
export const STAGE_FILE = "stage.json";

/** What a stage left behind. */
export interface StageResult {
  readonly folder: string;
  /** True: it was there already. */
  readonly reused: boolean;
  /** What making it took, also where it was there already. */
  readonly seconds: number;
}

/**
 * Finished stages by the fingerprint of everything that went into them, kgraft's version included. A stage's folder
 * appears whole or not at all; what it keeps while it works (checkpoints) lies beside it under `<stage>.work` until it is
 * done. Processes that want the same stage take turns.
 */
export class StageStore {
  readonly #folder: string;
  readonly #progress: Progress;
  readonly #signal: AbortSignal | undefined;
  readonly #plugins: readonly string[];

  /** @param options.plugins states of what is loaded beside kgraft: a stage of others is another */
  constructor(
    folder: string,
    progress: Progress,
    { signal, plugins = [] }: { readonly signal?: AbortSignal | undefined; readonly plugins?: readonly string[] } = {},
  ) {
    this.#folder = folder;
    this.#progress = progress;
    this.#signal = signal;
    this.#plugins = plugins;
  }

  /**
   * Returns a stage's folder, making it where no equal one is there.
   *
   * @param inputs everything the result depends on
   * @param make fills the temporary folder; `work` outlives a killed process and is removed at the end
   */
  async stage(
    name: string,
    inputs: unknown,
    make: (folder: string, work: string) => Promise<void>,
  ): Promise<StageResult> {
    assertGoing(this.#signal);
    const folder = join(this.#folder, `${name}-${fingerprint({ version, plugins: this.#plugins, inputs })}`);
    const work = `${folder}.work`;
    const there = await finished(folder);
    if (there !== undefined && !existsSync(work)) return there;
    const release = await lockFolderInTurn(work, this.#progress, this.#signal);
    try {
      const madeMeanwhile = await finished(folder);
      if (madeMeanwhile !== undefined) return madeMeanwhile;
      await removeAbandoned(this.#folder);
      const started = performance.now();
      await writeFolderAtomic(folder, async (temporary) => {
        await make(temporary, work);
        await writeFileAtomic(
          join(temporary, STAGE_FILE),
          JSON.stringify({ name, seconds: (performance.now() - started) / 1000 }),
        );
      });
      return { folder, reused: false, seconds: (performance.now() - started) / 1000 };
    } finally {
      await release();
      if ((await finished(folder)) !== undefined) await rm(work, { recursive: true, force: true });
    }
  }
}

async function finished(folder: string): Promise<StageResult | undefined> {
  const words = { fix: "Remove the folder: the stage is then made anew" };
  const stage = (await readJsonFileIfThere(join(folder, STAGE_FILE), words)) as { seconds: number } | undefined;
  return stage && { folder, reused: true, seconds: stage.seconds };
}
