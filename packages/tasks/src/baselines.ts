import { InputError } from "@kgraft/runtime";
import type { Mention, TextExample } from "@kgraft/text";
import type { Splits } from "./contract.ts";
import type { Prediction } from "./predictions.ts";

/**
 * Predicts for every example the type that most training examples have, the first by code unit of equals.
 *
 * @throws InputError `tasks.baseline.empty` where no training example has a label
 */
export function mostFrequentType(
  train: readonly TextExample[],
  examples: readonly TextExample[],
): readonly Prediction[] {
  const labels = [commonest(train)];
  return examples.map(({ id }) => ({ id, labels }));
}

/** What the first-sense baseline reads. */
export interface FirstSenseInput {
  readonly train: readonly TextExample[];
  /** Linked: the linker's best entity at the target is the sense. */
  readonly examples: readonly TextExample[];
  /** Types of an entity; empty for one that has none. */
  typesOf(entity: string): readonly string[] | Promise<readonly string[]>;
}

/** Predictions of the first-sense baseline, and for how many targets a link decided. */
export interface FirstSensePredictions {
  readonly predictions: readonly Prediction[];
  readonly linked: number;
}

/**
 * Predicts the types of the entity that the target was linked to, as far as training has them; the most frequent type where
 * the target has no link, or one without such a type. Learns nothing: it is what the links alone know.
 */
export async function firstSense({ train, examples, typesOf }: FirstSenseInput): Promise<FirstSensePredictions> {
  const known = new Set(train.flatMap(({ labels = [] }) => labels));
  const fallback = [commonest(train)];
  const predictions: Prediction[] = [];
  let linked = 0;
  for (const example of examples) {
    const mention = mentionAtTarget(example);
    const types = mention === undefined ? [] : await typesOf(mention.entity);
    const labels = types.filter((type) => known.has(type));
    if (labels.length > 0) linked++;
    predictions.push({ id: example.id, labels: labels.length > 0 ? labels : fallback });
  }
  return { predictions, linked };
}

/** Finds the mention that shares most characters with the target, the first of equals. */
export function mentionAtTarget({ target, mentions = [] }: TextExample): Mention | undefined {
  if (target === undefined) return undefined;
  let best: Mention | undefined;
  let most = 0;
  for (const mention of mentions) {
    const shared = Math.min(mention.end, target.end) - Math.max(mention.start, target.start);
    if (shared > most) [best, most] = [mention, shared];
  }
  return best;
}

/** Predicts the label that most training examples have. */
export async function mostFrequentLabel({
  train,
  test,
}: Splits): Promise<Readonly<Record<string, readonly Prediction[]>>> {
  return { "most frequent label": mostFrequentType(train, test) };
}

function commonest(train: readonly TextExample[]): string {
  const counts = new Map<string, number>();
  for (const { labels = [] } of train)
    for (const label of new Set(labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [best] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (best !== undefined) return best[0];
  throw new InputError({
    code: "tasks.baseline.empty",
    at: "tasks.baselines",
    problem: "no training example has a label",
    wanted: "Wanted labels to count",
  });
}
