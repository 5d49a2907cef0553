/** Questions (entity, relation, ?) of one side, as numbers that fit a Map: entity * relations + relation. */
export function questionKey(entity: number, relation: number, relations: number): number {
  return entity * relations + relation;
}

/** Which side a question asks for. */
export type Side = "head" | "tail";

/** The answers that triples give to the questions of one side. */
export class KnownAnswers {
  readonly #relations: number;
  readonly #answers = new Map<number, number[]>();

  /**
   * @param side what is asked for
   * @param parts triples whose answers count: head, relation, tail each
   * @param wanted keys of the only questions to keep; all where undefined
   */
  constructor(side: Side, relations: number, parts: readonly Int32Array[], wanted?: ReadonlySet<number>) {
    this.#relations = relations;
    const known = side === "tail" ? 0 : 2;
    for (const triples of parts)
      for (let i = 0; i < triples.length; i += 3) {
        const key = questionKey(triples[i + known] as number, triples[i + 1] as number, relations);
        if (wanted !== undefined && !wanted.has(key)) continue;
        const answer = triples[i + 2 - known] as number;
        const answers = this.#answers.get(key);
        if (answers === undefined) this.#answers.set(key, [answer]);
        else answers.push(answer);
      }
  }

  /** Numbers of the answers, possibly repeated. */
  of(entity: number, relation: number): readonly number[] {
    return this.#answers.get(questionKey(entity, relation, this.#relations)) ?? [];
  }
}
