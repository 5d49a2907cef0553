import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@kgraft/runtime";
import {
  firstSense,
  mostFrequentType,
  type Prediction,
  type Splits,
  type Task,
  type TaskDefinition,
} from "@kgraft/tasks";
import { sharedIdentity } from "./cell-identity.ts";
import { required, type SharedWork } from "./composition.ts";
import { fingerprint } from "./fingerprint.ts";
import { linkedText } from "./stages/linked-text.ts";

/** What can be had without training, scored as the arms are. */
export interface Baseline {
  readonly name: string;
  readonly scores: Readonly<Record<string, number>>;
}

/** The baselines of a typing task on its test split: most frequent type, and the type of the entity linked at the target. */
export async function readOrMakeBaselines(shared: SharedWork, folder: string): Promise<readonly Baseline[]> {
  const identity = fingerprint(await sharedIdentity(shared));
  const path = join(folder, "baselines.json");
  const kept = await readFile(path, "utf8").then(
    (text) => JSON.parse(text) as { identity: string; baselines: readonly Baseline[] },
    () => undefined,
  );
  if (kept?.identity === identity) return kept.baselines;
  const baselines = await makeBaselines(shared);
  await writeFileAtomic(path, JSON.stringify({ identity, baselines }));
  return baselines;
}

async function makeBaselines(shared: SharedWork): Promise<readonly Baseline[]> {
  const { config } = shared;
  const { splits } = await linkedText(shared);
  const choice = required(config, "task");
  if (splits === undefined || choice.name !== "entity-typing") return [];
  const { encoder } = await shared.checkpoint();
  const task = (choice.definition as TaskDefinition).create(choice.options as never, { splits, encoder });
  const baselines = [scored("most frequent type", task, splits, mostFrequentType(splits.train, splits.test))];
  if (config.linker === undefined) return baselines;
  const graph = await shared.graph();
  const { predictions } = await firstSense({
    train: splits.train,
    examples: splits.test,
    typesOf: async (id) => (await graph.entity(id))?.types ?? [],
  });
  return [...baselines, scored("type of the linked entity", task, splits, predictions)];
}

function scored(name: string, task: Task, splits: Splits, predictions: readonly Prediction[]): Baseline {
  return { name, scores: task.score(splits.test, predictions).scores };
}
