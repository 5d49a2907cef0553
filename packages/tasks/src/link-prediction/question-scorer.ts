import { type AnswerGroup, questionKey } from "@kgraft/kg-embedding";
import { RunError } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import type { EvaluationNeeds } from "../contract.ts";
import { type NumberedTriples, tripleExample, tripleKey } from "../triples/numbered-triples.ts";
import { CellScores } from "./cell-scores.ts";

/** A question and the entities that are scored as its answers. */
export interface AskedCandidates {
  readonly question: AnswerGroup;
  readonly candidates: Int32Array;
}

/**
 * Scores candidates with the model. A triple that a question for heads and one for tails both meet is scored once.
 *
 * @source KG-BERT: a triple's score is the raw logit of class 1
 */
export class QuestionScorer {
  readonly #triples: NumberedTriples;
  readonly #asked: ReadonlySet<number>;
  readonly #score: EvaluationNeeds["score"];
  /** Of triples that another question meets too. */
  readonly #shared = new CellScores();

  /** @param asked keys of all questions */
  constructor(triples: NumberedTriples, asked: ReadonlySet<number>, score: EvaluationNeeds["score"]) {
    this.#triples = triples;
    this.#asked = asked;
    this.#score = score;
  }

  /** @returns float32 scores of each question's candidates, in their order */
  async scores(questions: readonly AskedCandidates[]): Promise<readonly Float32Array[]> {
    const examples: TextExample[] = [];
    const waiting = new Map<number, number>();
    const scores = questions.map(({ candidates }) => new Float32Array(candidates.length));
    const open: { readonly row: number; readonly place: number; readonly example: number }[] = [];
    for (const [row, { question, candidates }] of questions.entries())
      for (const [place, entity] of candidates.entries()) {
        const triple = this.#triple(question, entity);
        const key = this.#isShared(question, entity) ? tripleKey(...triple, this.#triples) : undefined;
        const known = key === undefined ? undefined : this.#shared.get(key);
        if (known !== undefined) {
          (scores[row] as Float32Array)[place] = known;
          continue;
        }
        const example = (key === undefined ? undefined : waiting.get(key)) ?? examples.length;
        if (example === examples.length) examples.push(tripleExample(triple.join(" "), triple, this.#triples));
        if (key !== undefined) waiting.set(key, example);
        open.push({ row, place, example });
      }
    const logits = await this.#score(examples);
    const found = logits.map((one, i) => finite(one[1] as number, examples[i] as TextExample));
    for (const { row, place, example } of open) (scores[row] as Float32Array)[place] = found[example] as number;
    for (const [key, example] of waiting) this.#shared.set(key, found[example] as number);
    return scores;
  }

  #triple({ known, asked }: AnswerGroup, entity: number): readonly [number, number, number] {
    const { length } = this.#triples.relations;
    return asked < length ? [known, asked, entity] : [entity, asked - length, known];
  }

  /** Whether the question for the other side, with this candidate in it, is asked too. */
  #isShared({ asked }: AnswerGroup, entity: number): boolean {
    const { length } = this.#triples.relations;
    return this.#asked.has(questionKey(entity, (asked + length) % (2 * length), length));
  }
}

function finite(score: number, { text }: TextExample): number {
  if (Number.isFinite(score)) return score;
  throw new RunError({
    code: "tasks.logits",
    at: "tasks.link-prediction",
    problem: `the triple "${text}" has the score ${score}`,
    wanted: "Wanted a finite number",
    fix: "Training has diverged: lower the rates, or lengthen the warm-up",
  });
}
