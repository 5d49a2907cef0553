import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { EmbeddingSteps } from "./embedding-step.ts";
import { initialTables } from "./embedding-tables.ts";
import { KnownAnswers } from "./known-answers.ts";
import { lossNames } from "./losses.ts";
import type { EmbeddingDefinition, EmbeddingModel } from "./model.ts";
import { complex, distmult, rotate, transe } from "./models/index.ts";
import { DrawnEntities } from "./negatives.ts";
import { referenceLoss, referenceScores, referenceShares } from "./testing/reference-model.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

const ENTITIES = 9;
const RELATIONS = 2;
const DIMENSION = 6;
const MARGIN = 0.7;
const TEMPERATURE = 0.8;
/** Entity 3 is head, tail and answer, (0, 0, ?) has two answers, and one triple occurs twice. */
const TRIPLES = Int32Array.from([0, 0, 1, 0, 0, 2, 3, 1, 0, 2, 1, 3, 2, 1, 3, 4, 0, 3]);

const models: readonly [string, EmbeddingDefinition, Record<string, unknown>][] = [
  ["transe-1", transe as EmbeddingDefinition, { p: 1 }],
  ["transe-2", transe as EmbeddingDefinition, { p: 2 }],
  ["distmult", distmult, {}],
  ["complex", complex, {}],
  ["rotate", rotate, {}],
];

interface Setting {
  readonly reciprocal: boolean;
  readonly filterNegatives: boolean;
}

const settings: readonly Setting[] = [
  { reciprocal: true, filterNegatives: false },
  { reciprocal: false, filterNegatives: false },
  { reciprocal: true, filterNegatives: true },
  { reciprocal: false, filterNegatives: true },
];

describe.each(models)("%s", (name, definition, own) => {
  describe.each(lossNames)("under %s", (loss) => {
    test.each(settings)("one step is that of central differences (%o)", (setting) => {
      const options = definition.options.parse({
        ...own,
        ...setting,
        loss,
        dimension: DIMENSION,
        negatives: 5,
        margin: MARGIN,
        temperature: TEMPERATURE,
        deviation: 0.6,
      });
      checkStep(name, definition.create(options, {}));
    });
  });
});

/** Adagrad's first accumulator is the squared gradient, and its first move goes against the gradient's sign. */
function checkStep(name: string, model: EmbeddingModel): void {
  const tables = initialTables(model, ENTITIES, RELATIONS, streams(7));
  const before = [tables.entity, tables.relation].map(({ values }) => Array.from(values));
  const drawn = DrawnEntities.draw(5, streams(7).at("draw"), new Int32Array(ENTITIES).fill(-1));
  const filter = model.options.filterNegatives ? new KnownAnswers(RELATIONS, [TRIPLES]) : undefined;
  const loss = new EmbeddingSteps(model, tables, RELATIONS).take({ triples: TRIPLES, drawn, filter });
  const reference = referenceStep(name, model, before as [number[], number[]], drawn.entities);
  expect(loss).toBeCloseTo(reference.loss, 4);
  for (const [which, table] of [tables.entity, tables.relation].entries()) {
    const slopes = reference.slopes[which] as number[];
    const largest = Math.max(...slopes.map(Math.abs));
    const found = Array.from(table.accumulators, (square, i) => {
      const move = (before[which] as number[])[i] as number;
      return Math.sqrt(square) * Math.sign(move - (table.values[i] as number));
    });
    for (const [i, slope] of slopes.entries())
      expect(Math.abs((found[i] as number) - slope), `slope ${i}: ${found[i]} for ${slope}`).toBeLessThan(
        2e-4 * Math.max(1, largest),
      );
  }
}

function referenceStep(name: string, model: EmbeddingModel, tables: [number[], number[]], drawn: Int32Array) {
  const shares = new Map<string, number[]>();
  const loss = () => questions(name, model, tables, drawn, shares);
  const total = loss();
  const slopes = tables.map((table) =>
    table.map((value, i) => {
      const at = (moved: number) => {
        table[i] = moved;
        return loss();
      };
      const slope = (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
      table[i] = value;
      return slope;
    }),
  );
  return { loss: total, slopes };
}

/** The loss of all questions; the first call leaves the shares that later ones hold constant. */
function questions(
  name: string,
  model: EmbeddingModel,
  [entities, relations]: [number[], number[]],
  drawn: Int32Array,
  shares: Map<string, number[]>,
): number {
  const { reciprocal, filterNegatives, loss } = model.options;
  const row = (table: number[], i: number, width: number) => table.slice(i * width, (i + 1) * width);
  const entity = (i: number) => row(entities, i, model.entityWidth);
  const relation = (i: number) => row(relations, i, model.relationWidth);
  const score = referenceScores[name] as (typeof referenceScores)[string];
  let total = 0;
  for (let i = 0; i < TRIPLES.length; i += 3)
    for (const side of ["tail", "head"]) {
      const [head, r, tail] = TRIPLES.subarray(i, i + 3) as unknown as [number, number, number];
      const [known, answer] = side === "tail" ? [head, tail] : [tail, head];
      const scoreOf = (candidate: number) => {
        if (side === "tail") return score(entity(known), relation(r), entity(candidate));
        return reciprocal
          ? score(entity(known), relation(RELATIONS + r), entity(candidate))
          : score(entity(candidate), relation(r), entity(known));
      };
      const isKnown = (candidate: number) => {
        for (let j = 0; j < TRIPLES.length; j += 3) {
          const fits = side === "tail" ? [known, r, candidate] : [candidate, r, known];
          if (fits.every((number, place) => TRIPLES[j + place] === number)) return true;
        }
        return false;
      };
      const negatives = [...drawn]
        .filter((each) => each !== answer && !(filterNegatives && isKnown(each)))
        .map(scoreOf);
      const key = `${i} ${side}`;
      const held = shares.get(key) ?? referenceShares(negatives, TEMPERATURE);
      shares.set(key, held);
      total += referenceLoss(loss, scoreOf(answer), negatives, MARGIN, held);
    }
  return total;
}
