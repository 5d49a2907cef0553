import { streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import type { Encoding, TextExample, Tokenizer } from "@kgraft/text";
import fc from "fast-check";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { batchArrays, collateExamples } from "../batch.ts";
import type { Fusion, FusionDefinition } from "../contract.ts";
import { prepareExamples } from "../prepared-text.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { openTrial } from "../testing/trial.ts";
import { kgBert } from "./kg-bert.ts";
import { cutParts } from "./truncation.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const definition = kgBert as unknown as FusionDefinition;
const term = (text: string) => ({ id: text, text });
const triple = (head: string, relation: string, tail: string): TextExample => ({
  id: "1",
  text: `${head} ${relation} ${tail}`,
  triple: { head: term(head), relation: term(relation), tail: term(tail) },
});

async function encoded(example: TextExample, options: object = {}, encoder: object = {}, tokenizer?: Tokenizer) {
  const resources = { ...world, encoder: { ...world.encoder, ...encoder }, ...(tokenizer && { tokenizer }) };
  const fusion = kgBert.create(kgBert.options.parse(options), resources) as Fusion;
  const { prepared, counts } = await prepareExamples([example], {
    tokenizer: resources.tokenizer,
    maxLength: 16,
    fusion,
  });
  return { ...(prepared[0]?.encoding as Encoding), counts };
}

describe("the segments of a triple", () => {
  it("are framed, typed 0 1 0, and know their place in the example's text", async () => {
    const example = triple("Gorwick", "plays in", "the old town");
    const { tokens, typeIds, starts, ends, wordIds, sequenceIds } = await encoded(example);
    expect(tokens.join(" ")).toBe("[CLS] gor ##wick [SEP] plays in [SEP] the old town [SEP]");
    expect(Array.from(typeIds).join("")).toBe("00001110000");
    const pieces = [1, 2, 4, 5, 7, 8, 9];
    expect(pieces.map((piece) => example.text.slice(starts[piece], ends[piece]))).toEqual([
      "Gor",
      "wick",
      "plays",
      "in",
      "the",
      "old",
      "town",
    ]);
    expect(pieces.map((piece) => wordIds[piece])).toEqual([0, 0, 1, 2, 3, 4, 5]);
    expect(Array.from(sequenceIds).join()).toBe("-1,0,0,-1,0,0,-1,0,0,0,-1");
  });

  it("have no types where the encoder has none", async () => {
    const { typeIds } = await encoded(triple("Marl", "in", "the town"), {}, { typeVocabularySize: 1 });
    expect(new Set(typeIds)).toEqual(new Set([0]));
  });

  it("stand in the frame that the tokenizer gives a pair", async () => {
    // A tokenizer that writes two separators between a pair, as RoBERTa's does.
    const doubled: Tokenizer = {
      ...world.tokenizer,
      special: world.tokenizer.special,
      specialIds: world.tokenizer.specialIds,
      vocabularySize: world.tokenizer.vocabularySize,
      piece: (id) => world.tokenizer.piece(id),
      id: (piece) => world.tokenizer.id(piece),
      encode(text, pair, options) {
        const plain = world.tokenizer.encode(text, pair, options);
        if (pair === undefined) return plain;
        const at = plain.sequenceIds.indexOf(1);
        const twice = <Values extends Int32Array | Int8Array>(values: Values): Values =>
          (values.constructor as unknown as { from(list: number[]): Values }).from([
            ...values.subarray(0, at),
            values[at - 1] as number,
            ...values.subarray(at),
          ]);
        const { ids, tokens, typeIds, starts, ends, wordIds, sequenceIds, truncated } = plain;
        return {
          ids: twice(ids),
          tokens: [...tokens.slice(0, at), tokens[at - 1] as string, ...tokens.slice(at)],
          typeIds: twice(typeIds),
          starts: twice(starts),
          ends: twice(ends),
          wordIds: twice(wordIds),
          sequenceIds: twice(sequenceIds),
          truncated,
        };
      },
    };
    const { tokens } = await encoded(triple("Marl", "in", "town"), {}, { typeVocabularySize: 1 }, doubled);
    expect(tokens.join(" ")).toBe("[CLS] marl [SEP] [SEP] in [SEP] [SEP] town [SEP]");
  });

  it("without pieces are counted; too many parts for the limit are refused", async () => {
    const { tokens, counts } = await encoded(triple("Marl", "in", ""));
    expect(tokens.join(" ")).toBe("[CLS] marl [SEP] in [SEP] [SEP]");
    expect(counts).toEqual({ partsWithoutPieces: 1 });
    const fusion = kgBert.create(kgBert.options.parse({}), world) as Fusion;
    const short = prepareExamples([triple("Marl", "in", "town")], { ...world, maxLength: 6, fusion });
    await expect(short).rejects.toThrow(
      'example "1": maxLength 6 leaves 2 pieces for 3 parts. Wanted at least one each.',
    );
  });
});

describe("truncation", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 3 });
  const total = (parts: readonly number[]) => parts.reduce((sum, part) => sum + part, 0);

  it("fills the room exactly where it cuts, never lengthens a part, and balanced leaves each a piece", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 3, max: 150 }), (parts, room) => {
        const left = cutParts(parts, room, "balanced", "a test");
        expect(total(left)).toBe(Math.min(room, total(parts)));
        for (const [i, length] of left.entries()) {
          expect(length).toBeLessThanOrEqual(parts[i] as number);
          expect(length).toBeGreaterThan(0);
        }
        // Nothing was taken from a part while another was longer by more than one.
        const longest = Math.max(...left);
        for (const [i, length] of left.entries())
          if (length < (parts[i] as number)) expect(longest - length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("official runs the tail down in ties", () => {
    expect(cutParts([5, 5, 5], 11, "official", "a test")).toEqual([5, 5, 1]);
    expect(cutParts([40, 20, 40], 46, "official", "a test")).toEqual([20, 20, 6]);
    expect(() => cutParts([6, 6, 2], 11, "official", "here")).toThrow(
      "here: parts of 6, 6, 2 pieces cannot be cut to 11 in all without emptying one. Wanted at least a piece of each part. Raise maxLength, or set truncation: balanced.",
    );
    expect(cutParts([6, 6, 2], 11, "balanced", "here")).toEqual([5, 4, 2]);
  });
});

describe("token types", () => {
  it("reach the states through their table alone", async () => {
    const trial = openTrial(definition, {}, world);
    onTestFinished(() => trial.parameters.dispose());
    const rows = await trial.prepare(world.triples);
    const batch = trial.collate(rows, 16);
    const types = batch.arrays[batchArrays.typeIds];
    const untyped = {
      ...batch,
      arrays: { ...batch.arrays, [batchArrays.typeIds]: { ...types, data: new Int32Array(rows.length * 16) } },
    } as typeof batch;
    expect(trial.run(untyped)).not.toEqual(trial.run(batch));
    const table = trial.parameters.names().find((name) => name.includes("token_type")) as string;
    const { shape } = trial.parameters.spec(table);
    const row = Array.from({ length: shape[1] as number }, (_, i) => Math.sin(i));
    trial.parameters.assign(table, { dtype: "float32", shape, data: Float32Array.from([...row, ...row]) });
    expect(trial.run(untyped)).toEqual(trial.run(batch));
  });
});

describe("triple validity", () => {
  it("counts triples that are labelled, in pre-training alone", async () => {
    const trial = openTrial(definition, {}, world);
    onTestFinished(() => trial.parameters.dispose());
    const rows = await trial.prepare(world.triples);
    expect(Object.keys(trial.collate(rows, 16).arrays).filter((name) => name.startsWith("fusion/"))).toEqual([]);
    const batch = collateExamples(rows, 16, trial.fused.fusion, streams(1).at("draw"));
    const weight = trial.onDevice(batch, (tensors) =>
      tf.tidy(() => trial.losses(trial.parameters, tensors, { training: false }).tripleValidity?.weight.dataSync()[0]),
    );
    expect(weight).toBe(world.triples.filter(({ labels }) => labels !== undefined).length);
  });
});
