import { InputError, type JsonLine, readJsonLines } from "@kgraft/runtime";

/** A line of a gold or prediction file. */
export interface LabelLine {
  readonly id: string;
  readonly labels: readonly string[];
  /** Score of each label, where the file has them. */
  readonly scores?: Readonly<Record<string, number>>;
  /** `file:line`. */
  readonly at: string;
}

/**
 * Streams the `{id, labels, scores?}` of a JSON Lines file; other fields (a text example's) are passed over.
 *
 * @throws InputError `tasks.labels.line` with `file:line` where a line has no id, labels or usable scores;
 * `tasks.labels.doubled` where an id stands a second time
 */
export async function* readLabelLines(path: string): AsyncGenerator<LabelLine> {
  const seen = new Map<string, number>();
  for await (const line of readJsonLines(path)) {
    const read = labelLine(line);
    const first = seen.get(read.id);
    if (first !== undefined)
      throw new InputError({
        code: "tasks.labels.doubled",
        at: line.at,
        problem: `id ${JSON.stringify(read.id)} stands already in line ${first}`,
        wanted: "Wanted one line an id",
      });
    seen.set(read.id, line.number);
    yield read;
  }
}

function labelLine({ value, at }: JsonLine): LabelLine {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unfit(at, `is ${shown(value)}`, 'Wanted {"id": …, "labels": […]}');
  const { id, labels, scores } = value as Record<string, unknown>;
  if (typeof id !== "string" || id === "") throw unfit(at, `id is ${shown(id)}`, "Wanted a string that is not empty");
  if (!Array.isArray(labels) || labels.some((label) => typeof label !== "string" || label === ""))
    throw unfit(
      at,
      `labels of ${JSON.stringify(id)} are ${shown(labels)}`,
      "Wanted a list of strings, [] where there is none",
    );
  return {
    id,
    labels,
    at,
    ...(scores === undefined ? {} : { scores: scoresOf(id, scores, at) }),
  };
}

function scoresOf(id: string, scores: unknown, at: string): Readonly<Record<string, number>> {
  const fit =
    typeof scores === "object" &&
    scores !== null &&
    !Array.isArray(scores) &&
    Object.values(scores).every((score) => Number.isFinite(score));
  if (!fit) throw unfit(at, `scores of ${JSON.stringify(id)} are ${shown(scores)}`, "Wanted one number a label");
  return scores as Record<string, number>;
}

function unfit(at: string, problem: string, wanted: string): InputError {
  return new InputError({ code: "tasks.labels.line", at, problem, wanted });
}

function shown(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
