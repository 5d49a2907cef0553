import { streams } from "@kgraft/runtime";
import { describe, expect, it, onTestFinished } from "vitest";
import { none } from "../none.ts";
import type { PreparedText } from "../prepared-text.ts";
import type { SuiteSetting } from "../testing.ts";
import { openTrial, type States, type Trial } from "./trial.ts";

/** Rounding that another order of sums may make in float32 states of size one. */
const rounding = 1e-5;

/** What a strategy computes. */
export function testForward({ definition, options, world }: SuiteSetting): void {
  const open = (given = options, seed?: number): Trial => disposed(openTrial(definition, given, world(), seed));
  const openNone = (): Trial => disposed(openTrial(none as typeof definition, {}, world()));
  const prepared = (trial: Trial): Promise<readonly PreparedText[]> => trial.prepare(world().examples);
  /** What plain BERT reads beside a trial: its own pieces, or the trial's where it cannot make the like. */
  const plainRows = (plain: Trial, trial: Trial): Promise<readonly PreparedText[]> =>
    prepared(definition.accepts.includes("text") ? plain : trial);

  describe("forward pass", () => {
    it("keeps the shape of hidden states, all finite", async () => {
      const trial = open();
      const rows = await prepared(trial);
      const states = trial.run(trial.collate(rows, longest(rows)));
      expect(states.shape).toEqual([rows.length, longest(rows), world().encoder.hiddenSize]);
      expect(states.values.every(Number.isFinite)).toBe(true);
    });

    it("is the same for the same seed", async () => {
      const [one, other] = [open(), open()];
      const rows = await prepared(one);
      expect(await prepared(other)).toEqual(rows);
      const batch = one.collate(rows, longest(rows));
      expect(other.collate(rows, longest(rows))).toEqual(batch);
      expect(other.run(batch)).toEqual(one.run(batch));
    });

    it("collates for pre-training as the draw says", async () => {
      const trial = open();
      const rows = await prepared(trial);
      const collate = (seed: number) => trial.collate(rows, longest(rows), streams(seed).at("corruption"));
      expect(collate(1)).toEqual(collate(1));
      expect(shapes(collate(2))).toEqual(shapes(collate(1)));
    });

    it("equals none bit for bit at its neutral options", async () => {
      const [neutral, plain] = [open(definition.neutral), openNone()];
      const rows = await plainRows(plain, neutral);
      const length = longest(rows);
      const states = neutral.run(neutral.collate(await prepared(neutral), length));
      expect(states).toEqual(plain.run(plain.collate(rows, length)));
    });

    it("changes nothing below its first layer", async () => {
      const [trial, plain] = [open(), openNone()];
      // The input of layer 0 is a strategy's own where it sets positions; nothing lies below.
      if (trial.fused.firstLayer === 0 && trial.fused.fusion.attention !== undefined) return;
      const rows = await prepared(trial);
      const { firstLayer, fusion } = trial.fused;
      const top = world().encoder.numLayers - (fusion.output === undefined ? 0 : 1); // behind the last layer stands `output`
      const below = { to: Math.min(firstLayer, top) };
      const states = trial.run(trial.collate(rows, longest(rows)), below);
      expect(states).toEqual(plain.run(plain.collate(rows, longest(rows)), below));
    });

    it("goes on from stored states of its first layer", async () => {
      const trial = open();
      const rows = await prepared(trial);
      const batch = trial.collate(rows, longest(rows));
      const from = trial.fused.firstLayer;
      expect(trial.run(trial.withStored(batch, from), { from })).toEqual(trial.run(batch));
    });

    it("does not see more padding", async () => {
      const trial = open();
      const rows = await prepared(trial);
      const length = longest(rows);
      const short = trial.run(trial.collate(rows, length));
      const long = trial.run(trial.collate(rows, length + 7));
      for (const [row, { encoding }] of rows.entries()) expectClose(short, long, row, row, encoding.ids.length);
    });

    it("does not see the neighbours in a batch", async () => {
      const trial = open();
      const rows = await prepared(trial);
      const length = longest(rows);
      const together = trial.run(trial.collate(rows, length));
      for (const [row, one] of rows.entries()) {
        const alone = trial.run(trial.collate([one], length));
        expectClose(alone, together, 0, row, one.encoding.ids.length);
      }
      const turned = trial.run(trial.collate(rows.toReversed(), length));
      for (const [row, { encoding }] of rows.entries())
        expectClose(turned, together, rows.length - 1 - row, row, encoding.ids.length);
    });

    it("takes texts without any mention", async () => {
      const trial = open();
      const rows = await trial.prepare(world().examples.map(({ mentions: _, ...example }) => example));
      const states = trial.run(trial.collate(rows, longest(rows), streams(1).at("corruption")));
      expect(states.values.every(Number.isFinite)).toBe(true);
    });
  });
}

function disposed(trial: Trial): Trial {
  onTestFinished(() => trial.parameters.dispose());
  return trial;
}

const longest = (rows: readonly PreparedText[]): number => Math.max(...rows.map(({ encoding }) => encoding.ids.length));

const shapes = ({ arrays }: ReturnType<Trial["collate"]>) =>
  Object.entries(arrays).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));

/** Compares the real pieces of a row in two batches. */
function expectClose(a: States, b: States, rowOfA: number, rowOfB: number, pieces: number): void {
  const row = ({ shape, values }: States, index: number) => {
    const [, length, size] = shape as [number, number, number];
    return values.subarray(index * length * size, (index * length + pieces) * size);
  };
  const [one, other] = [row(a, rowOfA), row(b, rowOfB)];
  const furthest = one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? Number.NaN))), 0);
  expect(furthest).toBeLessThan(rounding);
}
