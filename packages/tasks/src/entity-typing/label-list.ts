import { InputError, suggestion } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import type { Splits } from "../contract.ts";

/** The labels of a task in the order of its logits, and its examples cut to them. */
export interface LabelList {
  readonly labels: readonly string[];
  readonly number: ReadonlyMap<string, number>;
  readonly splits: Splits;
  /** What was found on the way that a person should know. */
  readonly notes: readonly string[];
}

/** How {@link settleLabels} settles. */
export interface LabelListOptions {
  /** The stated list; absent: the labels of the training examples, sorted by code unit. */
  readonly stated?: readonly string[] | undefined;
  /** What is done with a label that a stated list lacks. */
  readonly otherLabels: "refuse" | "drop";
  /** Whether every example must have exactly one label. */
  readonly single: boolean;
}

/**
 * Settles the labels of a task.
 *
 * With a stated list, a label outside it is refused, or dropped where that is wanted. With a derived one, labels that only
 * validation or test have stay in their gold sets: the model cannot predict them, they cost recall, and a note says so.
 *
 * @throws InputError `tasks.labels.…` naming the example
 */
export function settleLabels(splits: Splits, options: LabelListOptions): LabelList {
  const { stated } = options;
  assertLabelled(splits);
  const labels = stated ?? derived(splits.train);
  assertList(labels, stated !== undefined);
  const number = new Map(labels.map((label, index) => [label, index]));
  const settled = stated === undefined ? { splits, notes: unseen(splits, number) } : fitted(splits, number, options);
  if (options.single) assertSingle(settled.splits);
  return { labels, number, ...settled };
}

function derived(train: readonly TextExample[]): readonly string[] {
  return [...new Set(train.flatMap(({ labels }) => labels ?? []))].sort();
}

function assertList(labels: readonly string[], stated: boolean): void {
  const doubled = labels.find((label, index) => labels.indexOf(label) !== index);
  if (doubled !== undefined)
    throw new InputError({
      code: "tasks.labels.doubled",
      at: "entity-typing.types",
      problem: `${JSON.stringify(doubled)} stands twice`,
      wanted: "Wanted each type once",
    });
  if (labels.length < 2)
    throw new InputError({
      code: "tasks.labels.few",
      at: stated ? "entity-typing.types" : "entity-typing.train",
      problem: `there ${labels.length === 1 ? `is one type, ${JSON.stringify(labels[0])}` : "is no type"}`,
      wanted: "Wanted at least two types to tell apart",
      fix: stated ? undefined : "Check the labels of the training examples, or state the list under types",
    });
}

function assertLabelled(splits: Splits): void {
  for (const [split, example] of everyExample(splits))
    if (example.labels === undefined)
      throw new InputError({
        code: "tasks.labels.none",
        at: `entity-typing.${split}`,
        problem: `example ${JSON.stringify(example.id)} has no labels`,
        wanted: "Wanted a list, [] where the target has no type",
      });
}

function assertSingle(splits: Splits): void {
  for (const [split, { id, labels = [] }] of everyExample(splits))
    if (new Set(labels).size !== 1)
      throw new InputError({
        code: "tasks.labels.single",
        at: `entity-typing.${split}`,
        problem: `example ${JSON.stringify(id)} has ${labels.length} labels: ${JSON.stringify(labels)}`,
        wanted: "Wanted exactly one with labels: single",
        fix: "Set labels: multiple for examples with several types or none",
      });
}

function unseen(splits: Splits, number: ReadonlyMap<string, number>): readonly string[] {
  return (["validation", "test"] as const).flatMap((split) => {
    const found = splits[split].flatMap(({ labels = [] }) => labels.filter((label) => !number.has(label)));
    if (found.length === 0) return [];
    const names = [...new Set(found)].sort();
    return [
      `${split}: ${found.length} labels of ${names.length} types that no training example has (${shortList(names)}); they stay gold and cannot be predicted`,
    ];
  });
}

function fitted(
  splits: Splits,
  number: ReadonlyMap<string, number>,
  { otherLabels }: LabelListOptions,
): Pick<LabelList, "splits" | "notes"> {
  const notes: string[] = [];
  const fit = (split: keyof Splits): readonly TextExample[] => {
    let dropped = 0;
    const examples = splits[split].map((example) => {
      const labels = example.labels ?? [];
      const kept = labels.filter((label) => number.has(label));
      if (kept.length === labels.length) return example;
      if (otherLabels === "refuse") throw outside(split, example, number);
      dropped += labels.length - kept.length;
      return { ...example, labels: kept };
    });
    if (dropped > 0) notes.push(`${split}: dropped ${dropped} labels that are not in the list of types`);
    return examples;
  };
  const [train, validation, test] = [fit("train"), fit("validation"), fit("test")];
  return { splits: { train, validation, test }, notes };
}

function outside(split: string, { id, labels = [] }: TextExample, number: ReadonlyMap<string, number>): InputError {
  const label = labels.find((other) => !number.has(other)) as string;
  return new InputError({
    code: "tasks.labels.other",
    at: `entity-typing.${split}`,
    problem: `example ${JSON.stringify(id)} has the label ${JSON.stringify(label)}, which types does not list`,
    wanted: `Types: ${shortList([...number.keys()])}`,
    fix: suggestion(label, [...number.keys()]) ?? "Add it to types, or set otherLabels: drop",
  });
}

function* everyExample(splits: Splits): Generator<readonly [keyof Splits, TextExample]> {
  for (const split of ["train", "validation", "test"] as const)
    for (const example of splits[split]) yield [split, example];
}

function shortList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(", ") : `${names.slice(0, 12).join(", ")}, … ${names.length - 12} more`;
}
