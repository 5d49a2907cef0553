import type { tf } from "@kgraft/tensor";
import type { AnswerGroup } from "./answer-groups.ts";
import type { EmbeddingTables } from "./embedding-tables.ts";
import type { KnownAnswers } from "./known-answers.ts";
import type { EmbeddingModel } from "./model.ts";
import { byBuilder, type Questions } from "./questions.ts";
import type { RankedAnswer } from "./rank-metrics.ts";
import { ScoredQuestions } from "./scored-questions.ts";

/** What scores the candidates. */
export interface RankedModel {
  readonly model: EmbeddingModel;
  readonly tables: EmbeddingTables;
  readonly relationIds: readonly string[];
}

/** The rank of one answer, with its question. */
export interface Ranked extends RankedAnswer {
  readonly asked: number;
}

/**
 * Ranks all answers of questions that ask for one side.
 *
 * @param entities the entity table on the device, [N, E]
 * @throws RunError `kg-embedding.score` where a score is not finite
 */
export function rankAnswers(
  groups: readonly AnswerGroup[],
  entities: tf.Tensor2D,
  filter: KnownAnswers,
  { model, tables, relationIds }: RankedModel,
): Ranked[] {
  const known = Int32Array.from(groups, (group) => group.known);
  const asked = Int32Array.from(groups, (group) => group.asked);
  const [questions] = byBuilder({ known, asked, answers: known }, model, relationIds.length) as [Questions];
  const scored = ScoredQuestions.score(model, tables, entities, questions);
  try {
    const answers = cells(groups.map((group) => group.answers));
    const hidden = cells(
      groups.map((group) => [...new Set([...filter.of(group.known, group.asked), ...group.answers])]),
    );
    return rankCells(answers, scored, hidden, groups, tables.entity.rows);
  } finally {
    scored.dispose();
  }
}

/** Entities of questions, row by row: row `rows[i]` holds `entities[i]`, and row r starts at `starts[r]`. */
interface Cells {
  readonly rows: Int32Array;
  readonly entities: Int32Array;
  readonly starts: readonly number[];
}

function cells(lists: readonly (readonly number[])[]): Cells {
  const starts = [0];
  for (const list of lists) starts.push((starts.at(-1) as number) + list.length);
  const rows = new Int32Array(starts.at(-1) as number);
  for (let row = 0; row < lists.length; row++) rows.fill(row, starts[row], starts[row + 1]);
  return { rows, entities: Int32Array.from(lists.flat()), starts };
}

/** Counts all rivals on the device, then takes away what is hidden: known answers, and the answer itself. */
function rankCells(
  answers: Cells,
  scored: ScoredQuestions,
  hidden: Cells,
  groups: readonly AnswerGroup[],
  entityCount: number,
): Ranked[] {
  const rivals = scored.rivals(answers.rows, answers.entities);
  const own = scored.at(answers.rows, answers.entities);
  const known = scored.at(hidden.rows, hidden.entities);
  return Array.from(own, (score, i) => {
    const row = answers.rows[i] as number;
    let greater = rivals.greater[i] as number;
    let equal = rivals.equal[i] as number;
    const [start, end] = [hidden.starts[row] as number, hidden.starts[row + 1] as number];
    for (let cell = start; cell < end; cell++) {
      if ((known[cell] as number) > score) greater--;
      else if (known[cell] === score) equal--;
    }
    const candidates = entityCount - (end - start) + 1;
    const { asked } = groups[row] as AnswerGroup;
    return { asked, optimistic: greater + 1, pessimistic: greater + equal + 1, candidates };
  });
}
