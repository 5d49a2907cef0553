import { askBoth } from "./questions.ts";

/** The answers that triples give to questions. */
export class KnownAnswers {
  readonly #relations: number;
  readonly #answers = new Map<number, number[]>();

  /**
   * @param relations number of relations, R
   * @param parts triples whose answers count, on both sides: head, relation, tail each
   * @param wanted keys of the only questions to keep; all where undefined
   */
  constructor(relations: number, parts: readonly Int32Array[], wanted?: ReadonlySet<number>) {
    this.#relations = relations;
    for (const triples of parts) {
      const { known, asked, answers } = askBoth(triples, relations);
      for (let i = 0; i < known.length; i++) {
        const key = questionKey(known[i] as number, asked[i] as number, relations);
        if (wanted === undefined || wanted.has(key)) this.#add(key, answers[i] as number);
      }
    }
  }

  #add(key: number, answer: number): void {
    const answers = this.#answers.get(key);
    if (answers === undefined) this.#answers.set(key, [answer]);
    else answers.push(answer);
  }

  /**
   * Gives the answers of a question, possibly repeated.
   *
   * @param asked relation r for a tail, R + r for a head
   */
  of(known: number, asked: number): readonly number[] {
    return this.#answers.get(questionKey(known, asked, this.#relations)) ?? [];
  }
}

/** One number for a question: exact for any graph whose 2 N R is below 2^53. */
export function questionKey(known: number, asked: number, relations: number): number {
  return known * 2 * relations + asked;
}
