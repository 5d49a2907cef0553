import { join } from "node:path";
import { readJsonFileIfThere, writeFileAtomic } from "@kgraft/runtime";
import type { TaskDefinition } from "@kgraft/tasks";
import { sharedIdentity } from "./cell-identity.ts";
import { required, type SharedWork } from "./composition.ts";
import { fingerprint } from "./fingerprint.ts";
import { linkedText } from "./stages/linked-text.ts";

/** What can be had without training, scored as the arms are. */
export interface Baseline {
  readonly name: string;
  readonly scores: Readonly<Record<string, number>>;
}

/** The baselines of a task on its test split, which it makes without training. */
export async function readOrMakeBaselines(shared: SharedWork, folder: string): Promise<readonly Baseline[]> {
  const identity = fingerprint(await sharedIdentity(shared));
  const path = join(folder, "baselines.json");
  const words = { fix: "Remove it: the baselines are then made anew" };
  const kept = (await readJsonFileIfThere(path, words)) as
    | { readonly identity: string; readonly baselines: readonly Baseline[] }
    | undefined;
  if (kept?.identity === identity) return kept.baselines;
  const baselines = await makeBaselines(shared);
  await writeFileAtomic(path, JSON.stringify({ identity, baselines }));
  return baselines;
}

async function makeBaselines(shared: SharedWork): Promise<readonly Baseline[]> {
  const { splits } = await linkedText(shared);
  const { definition, options } = required(shared.config, "task");
  if (splits === undefined) return [];
  const { encoder } = await shared.checkpoint();
  const task = (definition as TaskDefinition).create(options as never, { splits, encoder });
  const made = Object.entries((await task.baselines?.(shared.config.graph && shared.graph)) ?? {});
  return made.map(([name, predictions]) => ({ name, scores: task.score(splits.test, predictions).scores }));
}
