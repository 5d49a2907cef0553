import { silent } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import type { Entity, Graph } from "../graph.ts";
import { buildGraph, loadMorphy, type Morphy, supersenseExamples, wordnet, wordnetText } from "../index.ts";

let morphy: Morphy;
beforeAll(async () => {
  morphy = await loadMorphy({ partsOfSpeech: ["noun", "verb"] });
});

function synset(id: string, lemmas: string[], type: string, examples: string[], description = ""): Entity {
  const [label = "", ...aliases] = lemmas;
  return { id, label, aliases, types: [type], properties: { examples }, description };
}

const marked = (text: string, { start, end }: { start: number; end: number }) =>
  `${text.slice(0, start)}[${text.slice(start, end)}]${text.slice(end)}`;

async function markAll(...entities: Entity[]): Promise<string[]> {
  const parts = await supersenseExamples({ graph: await buildGraph("g", { entities, triples: [] }), seed: 1, morphy });
  return Object.values(parts)
    .flat()
    .map(({ text, target, labels }) => `${marked(text, target)} ${labels}`);
}

describe("supersenseExamples of made synsets", () => {
  const cases: [what: string, lemmas: string[], type: string, text: string, target: string | undefined][] = [
    ["an inflected noun", ["goose"], "noun.animal", "the geese flew south", "the [geese] flew south noun.animal"],
    ["an irregular verb", ["run"], "verb.motion", "she ran and ran home", "she [ran] and ran home verb.motion"],
    [
      "any lemma, at the first place",
      ["dash", "run"],
      "verb.motion",
      "she ran or dashed",
      "she [ran] or dashed verb.motion",
    ],
    [
      "the longest lemma",
      ["course", "course of action"],
      "noun.act",
      "one Course of action!",
      "one [Course of action]! noun.act",
    ],
    [
      "several words with the first inflected",
      ["take a breath"],
      "verb.body",
      "he took a breath",
      "he [took a breath] verb.body",
    ],
    [
      "a possessive without its ending",
      ["mechanic"],
      "noun.person",
      "the mechanic's failure",
      "the [mechanic]'s failure noun.person",
    ],
    [
      "a hyphened word",
      ["brother-in-law"],
      "noun.person",
      "my brothers-in-law sing",
      "my [brothers-in-law] sing noun.person",
    ],
    ["offsets in UTF-16 units", ["dog"], "noun.animal", "😀 naïve dogs bark", "😀 naïve [dogs] bark noun.animal"],
    ["no part of a word", ["dog"], "noun.animal", "dogmatic as ever", undefined],
    ["no form of another part of speech", ["saw"], "noun.artifact", "we sawed the wood", undefined],
    ["nothing shorter than 12 characters", ["dog"], "noun.animal", "a dog barks", undefined],
    ["nothing longer than 160 characters", ["dog"], "noun.animal", `a dog ${"x".repeat(160)}`, undefined],
    ["no adjective", ["good"], "adj.all", "a very good example", undefined],
  ];
  for (const [what, lemmas, type, text, target] of cases)
    it(`${target === undefined ? "takes" : "marks"} ${what}`, async () => {
      const other = synset("x", ["cat"], "noun.animal", ["the cat sat on the mat"]);
      const all = await markAll(synset("y", lemmas, type, [text]), other);
      expect(all.filter((line) => !line.includes("[cat]"))).toEqual(target === undefined ? [] : [target]);
    });

  it("refuses a graph without such examples", async () => {
    const lone = { id: "a", label: "A", aliases: [], types: ["city"], properties: { examples: [3] } };
    await expect(markAll(lone)).rejects.toThrow(
      "g: no noun or verb synset has an example sentence. Use `graph: { name: wordnet }`, or a graph folder that was exported from it.",
    );
  });

  it("drops a sentence from later parts, keeps it within one", async () => {
    const entities = Array.from({ length: 40 }, (_, i) =>
      synset(`s${i}`, ["dog", "bark"], "noun.animal", [
        i % 2 ? "The dog  barks loudly" : "the dog barks loudly",
        `dog number ${i} barks`,
      ]),
    );
    const graph = await buildGraph("g", { entities, triples: [] });
    const { train, validation, test } = await supersenseExamples({ graph, seed: 3, morphy });
    const shared = (part: readonly { text: string }[]) => part.filter(({ text }) => /loudly/.test(text)).length;
    expect([shared(train), shared(validation), shared(test)]).toEqual([28, 0, 0]);
    expect([train.length, validation.length, test.length]).toEqual([56, 6, 6]);
  });
});

describe("supersenseExamples of WordNet", () => {
  let graph: Graph;
  let parts: Awaited<ReturnType<typeof supersenseExamples>>;
  beforeAll(async () => {
    graph = await wordnet.create(wordnet.options.parse({}), { progress: silent });
    parts = await supersenseExamples({ graph, seed: 13, morphy });
  });

  it("has all 41 types in every part and the sizes of a 70/15/15 split", () => {
    const sizes = Object.values(parts).map((part) => part.length);
    const total = sizes.reduce((sum, size) => sum + size);
    expect(total).toBeGreaterThan(20_000);
    expect(sizes.map((size) => Math.round((100 * size) / total))).toEqual([70, 15, 15]);
    expect(new Set(parts.train.flatMap(({ labels }) => labels)).size).toBe(41);
  });

  it("has no sentence in two parts, and no synset", async () => {
    const texts = Object.values(parts).map((part) => new Set(part.map(({ text }) => text.toLowerCase())));
    const [train, validation, test] = texts as [Set<string>, Set<string>, Set<string>];
    expect([...validation, ...test].filter((text) => train.has(text))).toEqual([]);
    expect([...test].filter((text) => validation.has(text))).toEqual([]);
    const owners = new Map<string, string[]>();
    for await (const { id, properties } of graph.entities())
      for (const text of (properties.examples ?? []) as string[]) owners.set(text, [...(owners.get(text) ?? []), id]);
    const synsets = Object.values(parts).map(
      (part) =>
        new Set(part.flatMap(({ text }) => (owners.get(text)?.length === 1 ? (owners.get(text) as string[]) : []))),
    );
    expect([...(synsets[1] as Set<string>)].filter((id) => synsets[0]?.has(id))).toEqual([]);
    expect([...(synsets[2] as Set<string>)].filter((id) => synsets[0]?.has(id) || synsets[1]?.has(id))).toEqual([]);
  });

  it("tells neither the synset nor any other entity, and marks a whole word", () => {
    const all = Object.values(parts).flat();
    const fields = new Set(all.flatMap((example) => Object.keys(example)));
    expect([...fields]).toEqual(["id", "text", "target", "labels"]);
    expect(all.filter(({ id }) => !/^wordnet-\d+$/.test(id))).toEqual([]);
    const cut = all.filter(({ text, target: { start, end } }) => {
      const around = `${text[start - 1] ?? " "}${text.slice(start, end)}${text[end] ?? " "}`;
      return !/^[^\p{L}\p{N}][\p{L}\p{N}].*(?<=[\p{L}\p{N}])[^\p{L}\p{N}]$/u.test(around);
    });
    expect(cut.map(({ text, target }) => marked(text, target))).toEqual([]);
    const ids = Object.values(parts).flatMap((part) => part.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is the same for a seed, and another for another", async () => {
    expect(JSON.stringify(await supersenseExamples({ graph, seed: 13 })) === JSON.stringify(parts)).toBe(true);
    const other = await supersenseExamples({ graph, seed: 14, morphy });
    expect(other.test.map(({ id }) => id)).not.toEqual(parts.test.map(({ id }) => id));
  });

  it("gives text without the sentences that are left out, each once", async () => {
    const seen = new Set<string>();
    const ids: string[] = [];
    for await (const { id, text } of wordnetText({ graph, leaveOut: [...parts.validation, ...parts.test] })) {
      ids.push(id);
      seen.add(text.toLowerCase());
    }
    expect([ids[0], ids.at(-1)]).toEqual(["wordnet-text-0", `wordnet-text-${seen.size - 1}`]);
    expect(seen.size).toBeGreaterThan(100_000);
    expect(parts.test.filter(({ text }) => seen.has(text.toLowerCase()))).toEqual([]);
    expect(parts.train.filter(({ text }) => !seen.has(text.toLowerCase()))).toEqual([]);
  });
});
