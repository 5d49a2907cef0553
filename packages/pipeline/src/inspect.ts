import { InputError, type Progress } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { type CheckedArm, readArm } from "./arms.ts";
import { type SharedWork, withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { inspectModel } from "./inspect-model.ts";
import { type InspectedText, view } from "./inspected-text.ts";
import { armGraph, armResources, readsVectors } from "./stages/arm-resources.ts";
import { controlledExamples, createFusion } from "./stages/build-model.ts";
import { embedGraph } from "./stages/embed-graph.ts";

/** What is looked into. */
export interface InspectOptions {
  readonly text: string;
  readonly pair?: string | undefined;
  /** Head, relation and tail in words, for a strategy that reads triples; `text` is then the three of them. */
  readonly triple?: readonly string[] | undefined;
  /** Words of the text that are to be judged: the span to be typed, or head and tail of a relation. */
  readonly targets: readonly string[];
  /** A model folder, which also predicts; absent: the config alone. */
  readonly model?: string | undefined;
  /** Index of a triple, of those that are put in: what is predicted where the graph lacks it. */
  readonly without?: number | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** An inspection with what its entities are called. */
export interface InspectedWithLabels {
  readonly inspected: InspectedText;
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * Shows what is linked, put in and seen in a text under a config's strategy, or by a saved model, which also predicts.
 *
 * @throws InputError `inspect.…` for options that do not fit
 */
export async function inspect(config: RunConfig, options: InspectOptions): Promise<InspectedWithLabels> {
  const arm = readArm(config, config.arm, `${config.file}: config.fusion.name`);
  checkOptions(arm, options);
  return withSharedWork(config, options, async (shared) => {
    const example = await linkedExample(shared, arm, options);
    const { model } = options;
    const seen =
      model === undefined
        ? await inspectConfig(shared, arm, example)
        : await inspectModel(model, shared, { example, ...options });
    return { inspected: seen, labels: await labelsOf(shared, seen) };
  });
}

function checkOptions({ definitions, name }: CheckedArm, { triple, targets, model, without }: InspectOptions): void {
  const refused = (code: string, at: string, problem: string, wanted: string): InputError =>
    new InputError({ code: `inspect.${code}`, at, problem, wanted });
  const kind = triple === undefined ? "text" : "triple";
  if (definitions.some(({ accepts }) => !accepts.includes(kind)))
    throw refused("examples", `--${kind}`, `"${name}" does not read ${kind}s`, `Wanted a strategy that reads ${kind}s`);
  if (triple !== undefined && triple.length !== 3)
    throw refused("triple", "--triple", `has ${triple.length} parts`, "Wanted head, relation and tail");
  if (targets.length > 2)
    throw refused("targets", "--target", `is given ${targets.length} times`, "Wanted one span, or head and tail");
  if (without !== undefined && model === undefined)
    throw refused("without", "--without", "nothing predicts without a model", "Wanted --model");
}

async function linkedExample(
  { config, linker }: SharedWork,
  arm: CheckedArm,
  { text, pair, triple, targets }: InspectOptions,
): Promise<TextExample> {
  const [head, relation, tail] = (triple ?? []).map((words) => ({ id: words, text: words }));
  const [first, second] = targets.map((words) => spanOf(words, text));
  const example = {
    id: "text",
    text,
    pair,
    mentions: config.linker === undefined ? [] : await (await linker()).link(text),
    ...(head && relation && tail && { triple: { head, relation, tail } }),
    ...(first !== undefined && (second === undefined ? { target: first } : { targets: [first, second] as const })),
  };
  return controlledExamples(arm, [example])[0] as TextExample;
}

function spanOf(words: string, text: string): { start: number; end: number } {
  const start = text.indexOf(words);
  if (start >= 0 && words !== "") return { start, end: start + words.length };
  throw new InputError({
    code: "inspect.target",
    at: "--target",
    problem: `${JSON.stringify(words)} does not stand in the text`,
    wanted: "Wanted words of it as they are written there",
  });
}

async function inspectConfig(shared: SharedWork, arm: CheckedArm, example: TextExample): Promise<InspectedText> {
  const { config } = shared;
  const checkpoint = await shared.checkpoint();
  const resources = await armResources({
    arm,
    seed: config.seed,
    checkpoint,
    graph: await armGraph(shared, arm, config.seed),
    vectors: readsVectors(arm) ? (await embedGraph(shared, config.seed)).vectors : undefined,
  });
  const stated = [config.task?.options, config.pretrain] as readonly ({ readonly maxLength?: number } | undefined)[];
  const maxLength = stated.find((options) => options?.maxLength !== undefined)?.maxLength;
  return view(example, { fusion: createFusion(config, arm, resources), ...resources, maxLength });
}

/** What people call the entities and relations that an inspection names. */
async function labelsOf(
  { config, graph }: SharedWork,
  { mentions, triples, entities = [] }: InspectedText,
): Promise<ReadonlyMap<string, string>> {
  const labels = new Map<string, string>();
  if (config.graph === undefined) return labels;
  const opened = await graph();
  for await (const { id, label } of opened.relations()) labels.set(id, label);
  const named = [
    ...mentions.flatMap(({ entity, candidates }) => [entity, ...candidates.map((candidate) => candidate.entity)]),
    ...triples.flatMap(({ head, tail }) => [head, tail]),
    ...entities.flatMap((entity) => entity ?? []),
  ];
  for (const id of new Set(named)) labels.set(id, (await opened.entity(id))?.label ?? id);
  return labels;
}
