import { questionKey } from "./known-answers.ts";
import { askBoth } from "./questions.ts";

/** A question with all answers that are to be ranked. */
export interface AnswerGroup {
  readonly known: number;
  /** Relation r where a tail is asked for, R + r where a head is. */
  readonly asked: number;
  readonly answers: number[];
}

/**
 * Groups what triples ask by question, (head, relation, ?) and (?, relation, tail), so that each is scored once.
 *
 * @param triples head, relation, tail of triple i at 3i, 3i+1, 3i+2
 * @param relations R
 * @returns groups by {@link questionKey}, tails first
 */
export function groupByQuestion(triples: Int32Array, relations: number): Map<number, AnswerGroup> {
  const groups = new Map<number, AnswerGroup>();
  const questions = askBoth(triples, relations);
  for (let i = 0; i < questions.known.length; i++) {
    const known = questions.known[i] as number;
    const asked = questions.asked[i] as number;
    const answer = questions.answers[i] as number;
    const key = questionKey(known, asked, relations);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { known, asked, answers: [answer] });
    else group.answers.push(answer);
  }
  return groups;
}
