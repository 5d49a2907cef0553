import { buildGraph, type Entity, type Graph } from "@kgraft/kg";
import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { piecesOf, type TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import type { Fusion, RewrittenExample } from "../contract.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { wklm } from "./wklm.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const entity = (id: string, types: readonly string[], names: readonly string[] = [id]): Entity => {
  const [label = id, ...aliases] = names;
  return { id, label, aliases, types, properties: {} };
};

const graphOf = (entities: readonly Entity[]): Promise<Graph> => buildGraph("made", { entities, triples: [] });

/** Rewrites with the strategy of some options; the draw is the example's of an epoch. */
function rewriter(graph: Graph, options: Record<string, unknown> = {}) {
  const fusion = wklm.create(wklm.options.parse(options), { ...world, graph }) as Fusion;
  return (example: TextExample, ...place: number[]) =>
    fusion.rewrite?.(example, streams(3).at("rewriting", ...place)) as Promise<RewrittenExample>;
}

/** `names` joined by words, each linked to the entity of its name. */
function sentence(names: readonly string[], ids = names): TextExample {
  let text = "";
  const mentions = names.map((name, i) => {
    text += i === 0 ? "" : " and ";
    text += name;
    return { start: text.length - name.length, end: text.length, entity: ids[i] as string, score: 1 };
  });
  return { id: "1", text, mentions };
}

const cities = Array.from({ length: 20 }, (_, i) => entity(`c${i}`, ["city"], [`Ci${i}`, `Town ${i} on sea`]));
const rivers = Array.from({ length: 5 }, (_, i) => entity(`r${i}`, ["river", "water"], [`Ri${i}`]));
const lakes = Array.from({ length: 9 }, (_, i) => entity(`l${i}`, ["water"], [`La${i}`]));

describe("replacing mentions", () => {
  it("keeps the paper's constraints over 10,000 examples: type, own name, no neighbours, the rate, offsets", async () => {
    const all = [...cities, ...rivers, ...lakes];
    const byId = new Map(all.map((one) => [one.id, one]));
    const rewrite = rewriter(await graphOf(all), { replaceRate: 0.3 });
    const draw = streams(1).at("sentences");
    let [mentions, replaced] = [0, 0];
    const broken: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      const picked = Array.from({ length: 1 + draw.integer(6) }, () => all[draw.integer(all.length)] as Entity);
      const original = sentence(
        picked.map(({ label }) => label),
        picked.map(({ id }) => id),
      );
      const { example, counts = {} } = await rewrite(original, i);
      const found = (example.mentions ?? []).map((mention, at) => ({
        ...mention,
        surface: example.text.slice(mention.start, mention.end),
        was: picked[at] as Entity,
        now: byId.get(mention.entity) as Entity,
      }));
      const changed = found.filter(({ replaces }) => replaces !== undefined);
      const laws = {
        same: found.every(({ replaces, surface, was, now }) => replaces || (now === was && surface === was.label)),
        differs: changed.every(({ replaces, was, now }) => replaces === was.id && now.id !== was.id),
        typed: changed.every(({ was, now }) => now.types.some((type) => was.types.includes(type))),
        named: changed.every(({ surface, now }) => [now.label, ...now.aliases].includes(surface)),
        apart: found.every(({ replaces }, at) => !(replaces && found[at + 1]?.replaces)),
        counted: (counts.mentionsReplaced ?? 0) === changed.length && found.length === picked.length,
        between: example.text.split(" and ").length === picked.length,
      };
      if (!Object.values(laws).every((holds) => holds)) broken.push({ laws, original, example });
      mentions += found.length;
      replaced += changed.length;
    }
    expect(broken).toEqual([]);
    // Neighbours exclude each other, so the deviation is below that of independent coins.
    expect(Math.abs(replaced / mentions - 0.3)).toBeLessThan(3 * Math.sqrt((0.3 * 0.7) / mentions));
  });

  it("draws a type of several, then its other entities, then their names, each alike", async () => {
    const rewrite = rewriter(await graphOf([...rivers, ...lakes]), { replaceRate: 0.5 });
    const drawn = new Map<string, number>();
    for (let i = 0; i < 8000; i++) {
      const [mention] = (await rewrite(sentence(["Ri0"], ["r0"]), i)).example.mentions ?? [];
      if (mention?.replaces !== undefined) drawn.set(mention.entity, (drawn.get(mention.entity) ?? 0) + 1);
    }
    const total = [...drawn.values()].reduce((sum, count) => sum + count, 0);
    // A river comes by "river" (one of 4) or by "water" (one of 13), a lake by "water" only.
    const expected = (id: string) => total * (id.startsWith("r") ? 1 / 2 / 4 + 1 / 2 / 13 : 1 / 2 / 13);
    expect(drawn.size).toBe(13);
    const chiSquared = [...drawn].reduce((sum, [id, count]) => sum + (count - expected(id)) ** 2 / expected(id), 0);
    expect(chiSquared).toBeLessThan(32.9); // 12 degrees of freedom, p = .001
  });

  it("draws names uniformly, but for the way the mention is written", async () => {
    const named = [entity("a", ["t"], ["Same"]), entity("b", ["t"], ["SAME", "Other", "Third", "other"])];
    const rewrite = rewriter(await graphOf(named), { replaceRate: 0.5 });
    const drawn = { Other: 0, Third: 0 };
    for (let i = 0; i < 2000; i++) {
      const { text } = (await rewrite(sentence(["Same"], ["a"]), i)).example;
      if (text !== "Same") drawn[text as keyof typeof drawn]++;
    }
    expect(Object.keys(drawn)).toEqual(["Other", "Third"]);
    expect(Math.abs(drawn.Other - drawn.Third)).toBeLessThan(3 * Math.sqrt(drawn.Other + drawn.Third));
  });

  it("gives ten different copies of a text in ten epochs, the same ones for the same seed", async () => {
    const rewrite = rewriter(await graphOf(cities), { replaceRate: 0.4 });
    const original = sentence(["Ci1", "Ci2", "Ci3", "Ci4", "Ci5", "Ci6"], ["c1", "c2", "c3", "c4", "c5", "c6"]);
    const copies = async () => {
      const texts: string[] = [];
      for (let epoch = 0; epoch < 10; epoch++) texts.push((await rewrite(original, epoch, 7)).example.text);
      return texts;
    };
    const first = await copies();
    expect(new Set(first).size).toBe(10);
    expect(await copies()).toEqual(first);
  });

  it("replaces every second mention at rate 0.5, and rewrites nothing at rate 0", async () => {
    const rewrite = rewriter(await graphOf(cities), { replaceRate: 0.5 });
    for (let i = 0; i < 20; i++) {
      const { example } = await rewrite(sentence(["Ci1", "Ci2", "Ci3"], ["c1", "c2", "c3"]), i);
      const [first, ...others] = (example.mentions ?? []).map(({ replaces }) => replaces !== undefined);
      expect(others).toEqual([!first, first]);
    }
    const still = wklm.create(wklm.options.parse({ replaceRate: 0 }), world) as Fusion;
    expect(still.rewrite).toBeUndefined();
  });

  it("makes texts whose pieces at a mention are those of its name", async () => {
    const rewrite = rewriter(world.graph, { replaceRate: 0.5 });
    const { tokenizer } = world;
    for (const [i, original] of world.examples.entries()) {
      const { example } = await rewrite(original, i);
      const { tokens, ...encoding } = tokenizer.encode(example.text);
      for (const mention of example.mentions ?? []) {
        const pieces = piecesOf({ ...encoding, tokens }, mention).map((piece) => tokens[piece]);
        const name = example.text.slice(mention.start, mention.end);
        expect(pieces).toEqual(tokenizer.encode(name, undefined, { specialTokens: false }).tokens);
      }
    }
  });
});

describe("what cannot be replaced stays, and is counted", () => {
  /** Counts of one sentence over many draws, each name of a count once. */
  async function counted(entities: readonly Entity[], example: TextExample): Promise<readonly string[]> {
    const rewrite = rewriter(await graphOf(entities), { replaceRate: 0.5 });
    const names = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const rewritten = await rewrite(example, i);
      for (const name of Object.keys(rewritten.counts ?? {})) names.add(name);
      expect(rewritten.example).toEqual(example);
    }
    return [...names];
  }

  it("an entity without type, one that the graph does not have, a graph without any type", async () => {
    const counts = ["mentionsDrawn", "mentionsWithoutType"];
    expect(await counted([entity("a", []), ...cities], sentence(["a"]))).toEqual(counts);
    expect(await counted(cities, sentence(["nowhere"]))).toEqual(counts);
    expect(await counted([entity("a", []), entity("b", [])], sentence(["a", "b"]))).toEqual(counts);
  });

  it("the only entity of its types", async () => {
    const lone = [entity("a", ["capital", "seat"]), ...cities];
    expect(await counted(lone, sentence(["a"]))).toEqual(["mentionsDrawn", "mentionsOfLoneType"]);
  });

  it("a mention whose replacement would be written the same", async () => {
    const twins = [entity("a", ["t"], ["Bank"]), entity("b", ["t"], ["bank"])];
    const counts = ["mentionsDrawn", "mentionsWithoutOtherName"];
    expect(await counted(twins, sentence(["Bank"], ["a"]))).toEqual(counts);
  });

  it("a mention that overlaps another", async () => {
    const mentions = [
      { start: 0, end: 10, entity: "c1" },
      { start: 4, end: 10, entity: "c2" },
    ];
    const example = { id: "1", text: "The Ci1 Ci2 there", mentions };
    expect(await counted(cities, example)).toEqual(["mentionsDrawn", "mentionsOverlapping"]);
  });

  it("a text without mentions, of which nothing is counted", async () => {
    expect(await counted(cities, { id: "1", text: "Nothing here" })).toEqual([]);
  });
});
