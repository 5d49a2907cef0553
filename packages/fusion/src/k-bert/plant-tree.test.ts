import { buildGraph } from "@kgraft/kg";
import type { HostArray } from "@kgraft/tensor";
import { describe, expect, it } from "vitest";
import { collateExamples } from "../batch.ts";
import type { Fusion } from "../contract.ts";
import { prepareExamples } from "../prepared-text.ts";
import { letterWorld, type WordTriple, wordExample } from "../testing/letter-world.ts";
import type { SmallWorld } from "../testing/small-world.ts";
import { arrays } from "./collate.ts";
import { kBert } from "./k-bert.ts";

const triples: readonly WordTriple[] = [
  ["ab", "m", "xyz"],
  ["ab", "n", "w"],
  ["ab", "n", "v"],
  ["de", "m", "ab"],
  ["fg", "m", "fg"],
];

interface Trial {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly words?: readonly string[];
  readonly maxLength?: number;
  readonly change?: (world: SmallWorld) => SmallWorld | Promise<SmallWorld>;
  readonly example?: object;
}

async function planted({ options = {}, words = ["ab", "c", "de"], maxLength = 40, change, example = {} }: Trial) {
  const made = await letterWorld(triples);
  const world = (await change?.(made)) ?? made;
  const fusion = kBert.create(kBert.options.parse(options), world) as Fusion;
  const linked = { ...wordExample(words, ["ab", "de", "fg", "q"]), ...example };
  const { prepared, counts } = await prepareExamples([linked], { tokenizer: world.tokenizer, maxLength, fusion });
  const [one] = prepared;
  if (one === undefined) throw new Error("nothing was prepared");
  return { tokens: one.encoding.tokens.join(" "), one, counts, fusion };
}

const withRelations =
  (...relations: [id: string, label: string][]) =>
  (world: SmallWorld): SmallWorld => ({ ...world, relations: relations.map(([id, label]) => ({ id, label })) });

describe("the branches of a text", () => {
  it("are the first triples of each occurrence, with what they are and where they came from", async () => {
    const { tokens, one, counts } = await planted({ words: ["ab", "de", "ab"] });
    expect(tokens).toBe("[CLS] a b m x y z n w d e m a b a b m x y z n w");
    expect(counts).toEqual({ mentions: 3, branches: 5 });
    expect(one.triples?.[0]).toEqual({ head: "ab", relation: "m", tail: "xyz", mention: 0, branch: 1 });
    expect(one.triples?.map(({ mention, branch }) => [mention, branch])).toEqual([
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 4],
      [2, 5],
    ]);
  });

  it("keep to the relations that are named, and use their words", async () => {
    const change = withRelations(["m", "k l"], ["n", "o"]);
    expect((await planted({ options: { relations: ["n"] }, change })).tokens).toBe("[CLS] a b o w o v c d e");
    expect((await planted({ change })).tokens).toBe("[CLS] a b k l x y z o w c d e k l a b");
    await expect(planted({ options: { relations: ["mm"] }, change })).rejects.toThrow(
      'config.strategies.k-bert.relations: no relation "mm" in words. There are m, n. Did you mean "m"?',
    );
  });

  it("go on from tail to tail as deep as they may, and never in a circle", async () => {
    const chain = await planted({ options: { depth: 3, maxTriplesPerMention: 1 }, words: ["de", "fg"] });
    expect(chain.tokens).toBe("[CLS] d e m a b x y z f g m f g");
    expect(chain.one.triples?.map(({ head, tail, branch }) => `${head} ${tail} ${branch}`)).toEqual([
      "de ab 1",
      "ab xyz 1",
      "fg fg 2",
    ]);
  });

  it("are those of several candidates in turn, where candidates are asked for", async () => {
    const mentions = [
      {
        start: 0,
        end: 1,
        entity: "de",
        candidates: ["de", "ab", "fg"].map((entity) => ({ entity, score: 1 })),
      },
    ];
    const example = { mentions };
    const words = ["c"];
    expect((await planted({ words, example })).tokens).toBe("[CLS] c m a b");
    const two = { candidates: 2, maxTriplesPerMention: 3, branchText: "tail" };
    expect((await planted({ words, example, options: two })).tokens).toBe("[CLS] c a b x y z w");
  });

  it("grow at the target alone where that is wanted, and everywhere without one", async () => {
    const options = { at: "target", maxTriplesPerMention: 1 };
    expect((await planted({ options, example: { target: { start: 5, end: 7 } } })).tokens).toBe(
      "[CLS] a b c d e m a b",
    );
    expect((await planted({ options })).tokens).toBe("[CLS] a b m x y z c d e m a b");
  });

  it("are found by labels without links, in both texts of a pair", async () => {
    const options = { lookup: "words", maxTriplesPerMention: 1 };
    const { tokens, one, counts } = await planted({ options, example: { mentions: [], pair: "de ab" } });
    expect(tokens).toBe("[CLS] a b m x y z c d e m a b [SEP] d e m a b a b m x y z [SEP]");
    expect([...one.encoding.typeIds].join("")).toBe("0".repeat(14).padEnd(26, "1"));
    expect(counts).toEqual({ labels: 4, branches: 4 });
    expect(one.triples?.every(({ mention }) => mention === -1)).toBe(true);
  });
});

describe("what cannot be done is counted", () => {
  it("entities that are head of no triple, or not in the graph", async () => {
    const { tokens, counts } = await planted({ words: ["q", "ab"], options: { relations: undefined } });
    expect(tokens).toBe("[CLS] q a b m x y z n w");
    expect(counts).toEqual({ mentions: 2, mentionsWithoutBranch: 1, branches: 2 });
  });

  it("relations and tails without a word", async () => {
    const change = async (world: SmallWorld): Promise<SmallWorld> => ({
      ...withRelations(["m", " "], ["n", "o"])(world),
      graph: await buildGraph("words", {
        entities: ["ab", "xyz", "no words"].map((id) => ({
          id,
          label: id === "no words" ? "\u200b" : id,
          aliases: [],
          types: [],
          properties: {},
        })),
        triples: [
          { head: "ab", relation: "m", tail: "no words" },
          { head: "ab", relation: "m", tail: "xyz" },
        ],
      }),
    });
    const { tokens, counts } = await planted({ words: ["ab"], change });
    expect(tokens).toBe("[CLS] a b x y z");
    expect(counts).toEqual({ mentions: 1, branches: 1, branchesWithoutText: 1, relationsWithoutText: 1 });
  });

  it("branches that no longer fit: left out whole, first ones of all mentions before second ones", async () => {
    const fitted = async (maxLength: number) => (await planted({ maxLength })).tokens;
    expect(await fitted(40)).toBe("[CLS] a b m x y z n w c d e m a b");
    expect(await fitted(14)).toBe("[CLS] a b m x y z c d e m a b");
    expect(await fitted(11)).toBe("[CLS] a b m x y z c d e");
    expect(await fitted(9)).toBe("[CLS] a b c d e m a b");
    expect(await fitted(8)).toBe("[CLS] a b n w c d e");
    expect(await fitted(6)).toBe("[CLS] a b c d e");
    const { counts } = await planted({ maxLength: 8 });
    expect(counts).toEqual({ mentions: 2, branches: 1, branchesLeftOut: 2 });
  });

  it("mentions behind the limit, and those that it cuts", async () => {
    const { tokens, counts, one } = await planted({ words: ["c", "ab", "de"], maxLength: 3 });
    expect(tokens).toBe("[CLS] c a");
    expect(counts).toEqual({ mentions: 2, mentionsShortened: 1, mentionsCutOff: 1, branchesLeftOut: 2 });
    expect(one.encoding.truncated).toBe(3);
  });

  it("in official truncation, the text that branches push out", async () => {
    const { tokens, counts, one } = await planted({ maxLength: 8, options: { truncation: "official" } });
    expect(tokens).toBe("[CLS] a b m x y z n");
    expect(counts).toEqual({ mentions: 2, branches: 2, branchesCut: 1, branchesLeftOut: 1 });
    expect(one.encoding.truncated).toBe(3);
  });
});

it("counts positions from where the family's table begins", async () => {
  const change = (world: SmallWorld): SmallWorld => ({
    ...world,
    encoder: { ...world.encoder, modelType: "roberta", padTokenId: 1 },
  });
  const { one, fusion } = await planted({ words: ["ab"], change });
  const { data } = collateExamples([one], 11, fusion).arrays[arrays.softPositions] as HostArray;
  expect(Array.from(data)).toEqual([2, 3, 4, 5, 6, 7, 8, 5, 6, 12, 12]);
});
