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
  /** The task, and the option that states its list: where messages say that something is wrong. */
  readonly task: string;
  readonly option: string;
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
  assertLabelled(splits, options);
  const labels = stated ?? derived(splits.train);
  assertList(labels, options);
  const number = new Map(labels.map((label, index) => [label, index]));
  const settled = stated === undefined ? { splits, notes: unseen(splits, number) } : fitted(splits, number, options);
  if (options.single) assertSingle(settled.splits, options);
  return { labels, number, ...settled };
}

function derived(train: readonly TextExample[]): readonly string[] {
  return [...new Set(train.flatMap(({ labels }) => labels ?? []))].sort();
}

function assertList(labels: readonly string[], { task, option, stated }: LabelListOptions): void {
  const doubled = labels.find((label, index) => labels.indexOf(label) !== index);
  if (doubled !== undefined)
    throw new InputError({
      code: "tasks.labels.doubled",
      at: `${task}.${option}`,
      problem: `${JSON.stringify(doubled)} stands twice`,
      wanted: "Wanted each label once",
    });
  if (labels.length < 2)
    throw new InputError({
      code: "tasks.labels.few",
      at: `${task}.${stated === undefined ? "train" : option}`,
      problem: `there ${labels.length === 1 ? `is one label, ${JSON.stringify(labels[0])}` : "is no label"}`,
      wanted: "Wanted at least two labels to tell apart",
      fix: stated ? undefined : `Check the labels of the training examples, or state the list under ${option}`,
    });
}

function assertLabelled(splits: Splits, { task }: LabelListOptions): void {
  for (const [split, example] of everyExample(splits))
    if (example.labels === undefined)
      throw new InputError({
        code: "tasks.labels.none",
        at: `${task}.${split}`,
        problem: `example ${JSON.stringify(example.id)} has no labels`,
        wanted: "Wanted a list, [] where there is no label",
      });
}

function assertSingle(splits: Splits, { task }: LabelListOptions): void {
  for (const [split, { id, labels = [] }] of everyExample(splits))
    if (new Set(labels).size !== 1)
      throw new InputError({
        code: "tasks.labels.single",
        at: `${task}.${split}`,
        problem: `example ${JSON.stringify(id)} has ${labels.length} labels: ${JSON.stringify(labels)}`,
        wanted: "Wanted exactly one",
        fix: task === "entity-typing" ? "Set labels: multiple for examples with several types or none" : undefined,
      });
}

function unseen(splits: Splits, number: ReadonlyMap<string, number>): readonly string[] {
  return (["validation", "test"] as const).flatMap((split) => {
    const found = splits[split].flatMap(({ labels = [] }) => labels.filter((label) => !number.has(label)));
    if (found.length === 0) return [];
    const names = [...new Set(found)].sort();
    return [
      `${split}: ${found.length} labels of ${names.length} kinds that no training example has (${shortList(names)}); they stay gold and cannot be predicted`,
    ];
  });
}

function fitted(
  splits: Splits,
  number: ReadonlyMap<string, number>,
  options: LabelListOptions,
): Pick<LabelList, "splits" | "notes"> {
  const notes: string[] = [];
  const fit = (split: keyof Splits): readonly TextExample[] => {
    let dropped = 0;
    const examples = splits[split].map((example) => {
      const labels = example.labels ?? [];
      const kept = labels.filter((label) => number.has(label));
      if (kept.length === labels.length) return example;
      if (options.otherLabels === "refuse") throw outside(split, example, number, options);
      dropped += labels.length - kept.length;
      return { ...example, labels: kept };
    });
    if (dropped > 0) notes.push(`${split}: dropped ${dropped} labels that the list of ${options.option} lacks`);
    return examples;
  };
  const [train, validation, test] = [fit("train"), fit("validation"), fit("test")];
  return { splits: { train, validation, test }, notes };
}

function outside(
  split: string,
  { id, labels = [] }: TextExample,
  number: ReadonlyMap<string, number>,
  { task, option }: LabelListOptions,
): InputError {
  const label = labels.find((other) => !number.has(other)) as string;
  return new InputError({
    code: "tasks.labels.other",
    at: `${task}.${split}`,
    problem: `example ${JSON.stringify(id)} has the label ${JSON.stringify(label)}, which ${option} does not list`,
    wanted: `Listed: ${shortList([...number.keys()])}`,
    fix: suggestion(label, [...number.keys()]) ?? `Add it to ${option}`,
  });
}

function* everyExample(splits: Splits): Generator<readonly [keyof Splits, TextExample]> {
  for (const split of ["train", "validation", "test"] as const)
    for (const example of splits[split]) yield [split, example];
}

function shortList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(", ") : `${names.slice(0, 12).join(", ")}, … ${names.length - 12} more`;
}
