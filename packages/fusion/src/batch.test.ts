import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { arrayOf, collateExamples } from "./batch.ts";
import type { Fusion } from "./contract.ts";
import { prepareExamples } from "./prepared-text.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await smallWorld();
});

const prepare = (fusion: Fusion, maxLength = 40) =>
  prepareExamples(world.examples, { tokenizer: world.tokenizer, maxLength, fusion });

/** A strategy that puts one piece of its own behind [CLS], as K-BERT puts branches behind words. */
const injecting: Fusion<string> = {
  prepare(example, { ids, tokens, typeIds, starts, ends, wordIds, sequenceIds, truncated }) {
    const put = <Values extends { readonly length: number; slice(a: number, b?: number): Iterable<number> }>(
      values: Values,
      value: number,
    ) => [...values.slice(0, 1), value, ...values.slice(1)];
    return {
      encoding: {
        ids: Int32Array.from(put(ids, 9)),
        tokens: [tokens[0] as string, "branch", ...tokens.slice(1)],
        typeIds: Int32Array.from(put(typeIds, 1)),
        starts: Int32Array.from(put(starts, 0)),
        ends: Int32Array.from(put(ends, 99)),
        wordIds: Int32Array.from(put(wordIds, -1)),
        sequenceIds: Int8Array.from(put(sequenceIds, -1)),
        truncated,
      },
      knowledge: example.id,
      counts: { branches: 1 },
    };
  },
  collate: (batch, { rows, length }) => ({
    "fusion/injecting/rows": {
      dtype: "int32",
      shape: [3],
      data: Int32Array.of(batch.length, rows, length),
    },
  }),
};

describe("prepareExamples", () => {
  it("tokenises and finds the target's pieces", async () => {
    const { prepared, counts } = await prepare({});
    expect(prepared[0]?.encoding.tokens).toEqual([
      "[CLS]",
      "gor",
      "##wick",
      "plays",
      "the",
      "lute",
      "in",
      "marl",
      "[SEP]",
    ]);
    expect(prepared.map(({ targetPieces }) => targetPieces)).toEqual([[4, 5], [1, 2], [6], [2]]);
    expect(counts).toEqual({});
  });

  it("leaves the target without pieces where the limit cuts it off", async () => {
    const { prepared } = await prepare({}, 5);
    expect(prepared.map(({ targetPieces }) => targetPieces)).toEqual([[], [1], [], [2]]);
  });

  it("finds the target behind pieces that a strategy put in, and adds counts up", async () => {
    const { prepared, counts } = await prepare(injecting);
    expect(prepared.map(({ targetPieces }) => targetPieces)).toEqual([[5, 6], [2, 3], [7], [3]]);
    expect(prepared.map(({ knowledge }) => knowledge)).toEqual(world.examples.map(({ id }) => id));
    expect(counts).toEqual({ branches: 4 });
  });

  it("rewrites only where there is a draw", async () => {
    const fusion: Fusion = {
      rewrite: async (example, draw) => ({
        example: { ...example, text: `river ${draw.integer(1)}` },
        counts: { rewritten: 1 },
      }),
    };
    const settings = { tokenizer: world.tokenizer, maxLength: 40, fusion };
    const plain = await prepareExamples(world.examples, settings);
    expect(plain.prepared.map(({ example }) => example)).toEqual(world.examples);
    const drawFor = (index: number) => streams(1).at("rewriting", index);
    const rewritten = await prepareExamples(world.examples, { ...settings, drawFor });
    expect(rewritten.prepared[0]?.encoding.tokens).toEqual(["[CLS]", "river", "[UNK]", "[SEP]"]);
    expect(rewritten.prepared[0]?.example.text).toBe("river 0");
    expect(rewritten.counts).toEqual({ rewritten: world.examples.length });
    expect(plain.counts).toEqual({});
  });
});

describe("collateExamples", () => {
  it("pads to the length and says what is real", async () => {
    const { prepared } = await prepare({});
    const { arrays, ids, tokens } = collateExamples(prepared.slice(1, 3), 14, {});
    const rows = (name: string) => {
      const data = [...(arrays[name]?.data ?? [])];
      return [data.slice(0, 14), data.slice(14)];
    };
    expect(Object.keys(arrays)).toEqual(["inputIds", "typeIds", "attentionMask"]);
    expect(rows("inputIds")[1]?.slice(7)).toEqual([3, 0, 0, 0, 0, 0, 0]);
    expect(rows("typeIds")).toEqual([
      [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0].map((_, i) => prepared[1]?.encoding.typeIds[i] ?? 0),
      Array(14).fill(0),
    ]);
    expect(rows("attentionMask").map((row) => row.reduce((sum, real) => sum + real, 0))).toEqual(
      prepared.slice(1, 3).map(({ encoding }) => encoding.ids.length),
    );
    expect(ids).toEqual(["pair", "without vector"]);
    expect(tokens).toBe((prepared[1]?.encoding.ids.length ?? 0) + 8);
  });

  it("adds what the strategy collates", async () => {
    const { prepared } = await prepare(injecting);
    const { arrays } = collateExamples(prepared, 20, injecting);
    expect(Object.keys(arrays)).toEqual(["inputIds", "typeIds", "attentionMask", "fusion/injecting/rows"]);
    expect([...(arrays["fusion/injecting/rows"]?.data ?? [])]).toEqual([4, 4, 20]);
  });

  it("fills rows with the tokenizer's padding piece", async () => {
    const { prepared } = await prepare({});
    expect(prepared.map(({ padId }) => padId)).toEqual(prepared.map(() => world.tokenizer.special.pad));
    const other = prepared.slice(0, 1).map((row) => ({ ...row, padId: 4 }));
    expect([...(collateExamples(other, 12, {}).arrays.inputIds?.data ?? [])].slice(8)).toEqual([3, 4, 4, 4]);
  });

  it("refuses an example that is longer than the batch, by name", async () => {
    const { prepared } = await prepare({});
    expect(() => collateExamples(prepared, 8, {})).toThrow(
      'fusion.collateExamples: example "musician" has 9 pieces, the batch is 8 long. Every example must fit its batch.',
    );
  });
});

describe("arrayOf", () => {
  it("names the array that is missing and those that are there", () => {
    expect(() => arrayOf({}, "inputIds")).toThrow(
      'fusion.batch: no array "inputIds". The batch has nothing. Make batches with collateExamples',
    );
  });
});
