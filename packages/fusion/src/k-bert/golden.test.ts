import { readFile } from "node:fs/promises";
import { addParameters, createEncoder, type EncoderConfig, loadCheckpoint } from "@kgraft/encoder";
import { silent, streams } from "@kgraft/runtime";
import { gradients, type HostArray, inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayOf, divergence, type GoldenCase, goldenFolder, readCases } from "../../../../tests/golden/golden.ts";
import { batchArrays, collateExamples } from "../batch.ts";
import type { Fusion } from "../contract.ts";
import { createFusedEncoder } from "../fused-encoder.ts";
import { prepareExamples } from "../prepared-text.ts";
import { letterWorld, type WordTriple, wordExample } from "../testing/letter-world.ts";
import { arrays } from "./collate.ts";
import { kBert } from "./k-bert.ts";

/** A case of tests/golden/make_k_bert.py. */
interface Case {
  readonly triples: readonly WordTriple[];
  readonly rows: readonly { readonly text: readonly string[]; readonly pair?: readonly string[] }[];
  readonly maxLength: number;
  readonly maxTriplesPerMention: number;
  readonly branchText: string;
  readonly visibleMatrix: boolean;
}

let cases: Readonly<Record<string, Case>>;
let golden: ReadonlyMap<string, GoldenCase>;
let config: EncoderConfig;
let weights: Parameters;

beforeAll(async () => {
  await openBackend("wasm");
  const folder = goldenFolder("k-bert");
  cases = JSON.parse(await readFile(`${folder}/cases.json`, "utf8"));
  golden = await readCases(`${folder}/expected.safetensors`);
  const bert = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
  config = { ...bert.encoder.config, modelType: "uer-bert", layerNormEpsilon: 1e-6 };
  weights = new Parameters();
  await addParameters(weights, createEncoder(config).parameters, bert.weights, streams(1), silent);
});
afterAll(() => weights.dispose());

const one = (name: string): Case => cases[name] as Case;
const expected = (name: string, array: string): HostArray => arrayOf(golden.get(name) as GoldenCase, array);

/** The whole way from words to a batch, as the official settings have it. */
async function laid(name: string, lookup: "mentions" | "words") {
  const { triples, rows, maxLength, maxTriplesPerMention, branchText, visibleMatrix } = one(name);
  const given = { maxTriplesPerMention, branchText, visibleMatrix, lookup, truncation: "official" };
  const world = await letterWorld(triples);
  const fusion = kBert.create(kBert.options.parse(given), { ...world, encoder: config }) as Fusion;
  const heads = triples.map(([head]) => head);
  const examples = rows.map(({ text, pair }) => wordExample(text, heads, pair));
  const { prepared } = await prepareExamples(examples, { tokenizer: world.tokenizer, maxLength, fusion });
  return { fusion, prepared, batch: collateExamples(prepared, maxLength, fusion) };
}

const everyLookup = [
  ["worked", "mentions"],
  ["worked", "words"],
  ["worked-9", "mentions"],
  ["worked-4", "mentions"],
  ["worked-4", "words"],
  ["classification", "mentions"],
  ["classification", "words"],
  ["pair", "words"],
  ["cut", "words"],
  ["without-visible-matrix", "words"],
  ["empty", "mentions"],
  ["empty", "words"],
] as const;

describe.each(everyLookup)("the official computation: %s, looked up by %s", (name, lookup) => {
  it("has the same pieces, segments and positions, padding included", async () => {
    const { batch } = await laid(name, lookup);
    const found = (array: string) => Array.from((batch.arrays[array] as HostArray).data);
    expect(found(batchArrays.inputIds)).toEqual(Array.from(expected(name, "ids").data));
    expect(found(batchArrays.typeIds)).toEqual(Array.from(expected(name, "segments").data));
    expect(found(batchArrays.attentionMask)).toEqual(Array.from(expected(name, "real").data));
    expect(found(arrays.softPositions)).toEqual(Array.from(expected(name, "positions").data));
  });

  it("has the same branches and the same visible matrix", async () => {
    const { fusion, prepared } = await laid(name, lookup);
    const { maxLength, visibleMatrix } = one(name);
    const [tags, visible] = [expected(name, "tags").data, expected(name, "visible").data];
    for (const [row, example] of prepared.entries()) {
      const { branches, visible: seen } = fusion.inspect?.(example) ?? {};
      const length = branches?.length as number;
      const tag = branches?.map((branch) => Math.min(branch, 1));
      expect(tag).toEqual(Array.from(tags.subarray(row * maxLength, row * maxLength + length)));
      expect(seen === undefined).toBe(!visibleMatrix);
      for (const [piece, line] of (seen ?? []).entries()) {
        const start = (row * maxLength + piece) * maxLength;
        expect(line).toEqual(Array.from(visible.subarray(start, start + length)));
      }
    }
  });

  it("has the same states after every layer", async () => {
    const { fusion, batch } = await laid(name, lookup);
    const model = createFusedEncoder(createEncoder(config), fusion);
    const real = expected(name, "real");
    const problems = tf.tidy(() => {
      const tensors = toDevice(batch.arrays);
      return [0, 1, 2].map((layer) => {
        const { hidden } = model.run(weights, tensors, inference, { to: layer }).stream;
        const want = expected(name, `state.${layer}`);
        return divergence(
          `layer ${layer}`,
          ofReal(hidden.dataSync<"float32">(), real),
          {
            ...want,
            data: ofReal(want.data as Float32Array, real),
          },
          1e-5,
        );
      });
    });
    expect(problems).toEqual([undefined, undefined, undefined]);
  });

  it("has the same gradients", async () => {
    const { fusion, batch } = await laid(name, lookup);
    const model = createFusedEncoder(createEncoder(config), fusion);
    const names = [...(golden.get(name) as GoldenCase).keys()].filter((key) => key.startsWith("gradient."));
    expect(names).toHaveLength(4);
    const tensors = toDevice(batch.arrays);
    const step = gradients(
      (reader, at, context) => {
        const { hidden } = model.run(reader, at, context).stream;
        const mask = tf.expandDims(tf.cast(at[batchArrays.attentionMask] as tf.Tensor, "float32"), 2);
        return { squares: { sum: tf.sum(tf.square(tf.mul(hidden, mask))) as tf.Scalar, weight: tf.scalar(1) } };
      },
      weights,
      tensors,
      inference,
    );
    const problems = names.map((key) =>
      divergence(
        key,
        (step.gradients[key.slice("gradient.".length)] as tf.Tensor).dataSync(),
        expected(name, key),
        1e-4,
      ),
    );
    tf.dispose([tensors, { ...step.gradients }, step.losses.squares?.sum, step.losses.squares?.weight]);
    expect(problems).toEqual(names.map(() => undefined));
  });
});

/** The states of real pieces: those of padding are left to the implementation. */
function ofReal(states: Float32Array, { data }: HostArray): Float32Array {
  const size = states.length / data.length;
  const rows = Array.from(data, (real, piece) =>
    real === 0 ? [] : Array.from(states.subarray(piece * size, (piece + 1) * size)),
  );
  return Float32Array.from(rows.flat());
}

it("reads the worked example of the paper's code as it stands there", async () => {
  const { prepared, fusion } = await laid("worked", "mentions");
  const [example] = prepared;
  expect(example?.encoding.tokens.join(" ")).toBe("[CLS] a b x y z c d e w");
  const { positions, branches, visible } = fusion.inspect?.(example as (typeof prepared)[number]) ?? {};
  expect(positions).toEqual([0, 1, 2, 3, 4, 3, 3, 4, 5, 6]);
  expect(branches).toEqual([0, 0, 0, 1, 1, 2, 0, 0, 0, 3]);
  const rows = visible?.map((row) => row.join(""));
  const [trunk, ab, xy, z, de, w] = [
    "1110001110",
    "1111111110",
    "0111100000",
    "0110010000",
    "1110001111",
    "0000000111",
  ];
  expect(rows).toEqual([trunk, ab, ab, xy, xy, z, trunk, de, de, w]);
  const shorter = await laid("worked-4", "mentions");
  expect(shorter.prepared[0]?.encoding.tokens.join(" ")).toBe("[CLS] a b x");
  expect(shorter.fusion.inspect?.(shorter.prepared[0] as (typeof prepared)[number]).visible).toEqual([
    [1, 1, 1, 0],
    [1, 1, 1, 1],
    [1, 1, 1, 1],
    [0, 1, 1, 1],
  ]);
  expect(shorter.prepared[0]?.counts).toEqual({ mentions: 2, branches: 1, branchesCut: 1, branchesLeftOut: 2 });
});
