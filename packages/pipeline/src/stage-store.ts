import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryName, writeFolderAtomic } from "@kgraft/runtime";
import { fingerprint } from "./fingerprint.ts";

/** What a stage left behind. */
export interface StageResult {
  readonly folder: string;
  /** True: it was there already. */
  readonly reused: boolean;
  readonly seconds: number;
}

/**
 * Finished stages by the fingerprint of everything that went into them. A stage's folder appears whole or not at all;
 * what it keeps while it works (checkpoints) lies beside it under `<stage>.work` until it is done.
 */
export class StageStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
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
    const folder = join(this.#folder, `${name}-${fingerprint(inputs)}`);
    const started = performance.now();
    if (await exists(folder)) return { folder, reused: true, seconds: 0 };
    const work = `${folder}.work`;
    await mkdir(work, { recursive: true });
    await removeTemporaries(this.#folder);
    await writeFolderAtomic(folder, (temporary) => make(temporary, work));
    await rm(work, { recursive: true, force: true });
    return { folder, reused: false, seconds: (performance.now() - started) / 1000 };
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Removes what killed processes left half-written; the folder's lock says that nobody else writes here. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isTemporaryName(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
