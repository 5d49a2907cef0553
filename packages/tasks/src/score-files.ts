import { collect, InputError, type JsonLine, readJsonLines } from "@kgraft/runtime";
import type { LabelledSpan } from "@kgraft/text";
import { readLabelLines } from "./label-lines.ts";
import { type ClassificationReport, scoreClasses } from "./metrics/classification.ts";
import { type EntityTypingReport, entityTypingCounter } from "./metrics/entity-typing.ts";
import { type NamedEntityReport, type SpanLine, scoreSpans } from "./metrics/named-entities.ts";

/**
 * Scores a file of predictions against a file of gold labels, both JSON Lines of `{id, labels}` joined by id, in any order.
 * Gold lines may be whole text examples. The gold labels are held, the predictions are streamed.
 *
 * @throws InputError with `file:line` for a line that is no such record, an id that stands twice, or one that the other
 * file lacks; `tasks.score.empty` where the gold file has no line
 */
export async function scoreEntityTyping(goldPath: string, predictionsPath: string): Promise<EntityTypingReport> {
  const gold = await readGold(goldPath);
  const counter = entityTypingCounter();
  for await (const line of readLabelLines(predictionsPath)) {
    const expected = gold.get(line.id);
    if (expected === undefined)
      throw new InputError({
        code: "tasks.score.missing",
        at: line.at,
        problem: `id ${JSON.stringify(line.id)} does not stand in ${goldPath}`,
        wanted: "Wanted predictions for the gold file's ids only",
      });
    counter.add(expected.labels, new Set(line.labels));
    gold.delete(line.id);
  }
  assertNoneLeft(gold, predictionsPath);
  return counter.report();
}

interface GoldLine {
  readonly labels: ReadonlySet<string>;
  readonly at: string;
}

async function readGold(path: string): Promise<Map<string, GoldLine>> {
  const gold = new Map<string, GoldLine>();
  for await (const { id, labels, at } of readLabelLines(path)) gold.set(id, { labels: new Set(labels), at });
  if (gold.size === 0)
    throw new InputError({
      code: "tasks.score.empty",
      at: path,
      problem: "has no line to score",
      wanted: 'Wanted at least one {"id": …, "labels": […]}',
    });
  return gold;
}

function assertNoneLeft(gold: ReadonlyMap<string, GoldLine>, predictionsPath: string): void {
  for (const [id, { at }] of gold) {
    const others = gold.size > 1 ? ` (nor have ${gold.size - 1} others)` : "";
    throw new InputError({
      code: "tasks.score.missing",
      at,
      problem: `id ${JSON.stringify(id)} has no prediction in ${predictionsPath}${others}`,
      wanted: "Wanted one line for every gold id, with labels [] where nothing is predicted",
    });
  }
}

/**
 * Scores a file of predictions of one label each against a file of gold labels, both JSON Lines of `{id, labels}`.
 *
 * @param nullLabel the class that micro and macro scores leave out
 * @throws InputError with `file:line` for a line that is no such record; `tasks.score.…` for ids that do not match
 */
export async function scoreClassification(
  goldPath: string,
  predictionsPath: string,
  nullLabel?: string,
): Promise<ClassificationReport> {
  const [gold, predictions] = [await collect(readLabelLines(goldPath)), await collect(readLabelLines(predictionsPath))];
  return scoreClasses(gold, predictions, { at: predictionsPath, nullLabel });
}

/**
 * Scores a file of found spans against a file of gold spans, both JSON Lines of `{id, spans: [{start, end, label}]}`.
 *
 * @throws InputError with `file:line` for a line that is no such record; `tasks.score.…` for ids that do not match
 */
export async function scoreNamedEntities(goldPath: string, predictionsPath: string): Promise<NamedEntityReport> {
  return scoreSpans(await readSpanLines(goldPath), await readSpanLines(predictionsPath));
}

async function readSpanLines(path: string): Promise<readonly SpanLine[]> {
  const lines: SpanLine[] = [];
  for await (const line of readJsonLines(path)) lines.push(spanLine(line));
  return lines;
}

function spanLine({ value, at }: JsonLine): SpanLine {
  const { id, spans } = Object(value) as { readonly id?: unknown; readonly spans?: unknown };
  const fit = typeof id === "string" && id !== "" && Array.isArray(spans) && spans.every(isSpan);
  if (fit) return { id, spans: spans as readonly LabelledSpan[] };
  throw new InputError({
    code: "tasks.spans.line",
    at,
    problem: "is no line of spans",
    wanted: 'Wanted {"id": …, "spans": [{"start": …, "end": …, "label": …}]}, [] where there is none',
  });
}

function isSpan(value: unknown): boolean {
  const { start, end, label } = Object(value);
  return Number.isInteger(start) && Number.isInteger(end) && typeof label === "string" && label !== "";
}
