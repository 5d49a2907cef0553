import { InputError } from "@kgraft/runtime";

/** A line's labels, as a set: order and repetition do not matter. */
export interface LabelledLine {
  readonly id: string;
  readonly labels: readonly string[];
}

/** What a line should have had, and what it was given. */
export interface JoinedLabels {
  readonly labels: ReadonlySet<string>;
  readonly predicted: ReadonlySet<string>;
}

/**
 * Joins gold labels and predictions by id, in the order of the gold labels.
 *
 * @param at whose scores these are, for errors
 * @throws InputError `tasks.score.doubled` for an id that stands twice on one side, `tasks.score.missing` for one that
 * stands on one side only
 */
export function joinLabels(
  gold: Iterable<LabelledLine>,
  predictions: Iterable<LabelledLine>,
  at: string,
): readonly JoinedLabels[] {
  const expected = byId(gold, "gold labels", at);
  const given = byId(predictions, "predictions", at);
  for (const id of given.keys()) if (!expected.has(id)) throw missing("gold labels", id, at);
  return Array.from(expected, ([id, labels]) => {
    const predicted = given.get(id);
    if (predicted === undefined) throw missing("predictions", id, at);
    return { labels, predicted };
  });
}

function byId(lines: Iterable<LabelledLine>, side: string, at: string): ReadonlyMap<string, ReadonlySet<string>> {
  const labels = new Map<string, ReadonlySet<string>>();
  for (const line of lines) {
    if (labels.has(line.id))
      throw new InputError({
        code: "tasks.score.doubled",
        at,
        problem: `id ${JSON.stringify(line.id)} stands twice in the ${side}`,
        wanted: "Wanted one line an id",
      });
    labels.set(line.id, new Set(line.labels));
  }
  return labels;
}

function missing(side: string, id: string, at: string): InputError {
  return new InputError({
    code: "tasks.score.missing",
    at,
    problem: `id ${JSON.stringify(id)} has no line in the ${side}`,
    wanted: "Wanted the same ids on both sides",
  });
}

/**
 * Checks that there is something to score.
 *
 * @throws InputError `tasks.score.empty`
 */
export function assertLines(lines: number, at: string): void {
  if (lines > 0) return;
  throw new InputError({
    code: "tasks.score.empty",
    at,
    problem: "there is no line to score",
    wanted: "Wanted at least one example",
  });
}
