import { fileURLToPath } from "node:url";
import { silent, streams } from "@kgraft/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildGraph, closure, folder, indexTriples, splitTriples, type TripleIndex } from "./index.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));
const openToy = async () => indexTriples(await folder.create({ path: toy }, { progress: silent }));

/** An index of the given triples over as many entities and relations. */
function indexOf(entities: number, relations: number, triples: readonly (readonly [number, number, number])[]) {
  const entityIds = Array.from({ length: entities }, (_, i) => `e${i}`);
  const relationIds = Array.from({ length: relations }, (_, i) => `r${i}`);
  return {
    entityIds,
    relationIds,
    entityNumber: new Map(entityIds.map((id, i) => [id, i])),
    relationNumber: new Map(relationIds.map((id, i) => [id, i])),
    triples: Int32Array.from(triples.flat()),
  } satisfies TripleIndex;
}

function rows({ triples }: TripleIndex): [number, number, number][] {
  return Array.from({ length: triples.length / 3 }, (_, i) => [...triples.subarray(3 * i, 3 * i + 3)] as never);
}

function words(index: TripleIndex): string[] {
  return rows(index).map(([h, r, t]) => [index.entityIds[h], index.relationIds[r], index.entityIds[t]].join(" "));
}

const anyTriples = fc.record({
  entities: fc.constant(9),
  triples: fc.array(fc.tuple(fc.nat(8), fc.nat(2), fc.nat(8)), { maxLength: 40 }),
});

describe("indexTriples", () => {
  it("numbers in the order of the source", async () => {
    const index = await openToy();
    expect(index.entityIds.slice(0, 3)).toEqual(["talvera", "sundrel", "ember-sea"]);
    expect(index.relationIds.slice(0, 2)).toEqual(["capital-of", "located-in"]);
    expect(index.entityNumber.get("ember-sea")).toBe(2);
    expect(index.relationNumber.get("located-in")).toBe(1);
    expect(index.triples.length).toBe(3 * 42);
    expect(words(index)[0]).toBe("norhavn capital-of talvera");
    expect(words(index)[41]).toBe("ilse-brandt lives-in norhavn");
  });

  it("refuses a graph whose triple names what it does not list", async () => {
    const graph = await buildGraph("g", {
      entities: [{ id: "a", label: "a", aliases: [], types: [], properties: {} }],
      triples: [{ head: "a", relation: "r", tail: "a" }],
    });
    const lying = Object.assign(Object.create(graph), {
      source: "g",
      counts: () => graph.counts(),
      entities: () => graph.entities(),
      relations: async function* () {},
      triples: () => graph.triples(),
    });
    await expect(indexTriples(lying)).rejects.toThrow('g triple 1: relation "r" is not listed by the graph.');
  });
});

describe("closure", () => {
  it("adds every ancestor of the toy graph's chain, nearest first", async () => {
    const index = await openToy();
    const closed = closure(index, ["kind-of"]);
    expect(closed.relationIds.at(-1)).toBe("kind-of*");
    expect(closed.relationNumber.get("kind-of*")).toBe(16);
    expect(words(closed).slice(0, 42)).toEqual(words(index));
    expect(words(closed).slice(42)).toEqual([
      "halcyon-bird kind-of* kingfisher",
      "halcyon-bird kind-of* bird",
      "halcyon-bird kind-of* animal",
      "glass-heron kind-of* heron",
      "glass-heron kind-of* bird",
      "glass-heron kind-of* animal",
      "kingfisher kind-of* bird",
      "kingfisher kind-of* animal",
      "heron kind-of* bird",
      "heron kind-of* animal",
      "bird kind-of* animal",
    ]);
    expect(index.relationIds.length).toBe(16);
  });

  it("goes no further than maxDepth and takes a name", async () => {
    const closed = closure(await openToy(), ["kind-of"], { maxDepth: 2, as: "ancestor" });
    expect(words(closed).filter((line) => line.startsWith("halcyon-bird ancestor"))).toEqual([
      "halcyon-bird ancestor kingfisher",
      "halcyon-bird ancestor bird",
    ]);
  });

  it("joins several relations and ends in cycles without loops", () => {
    const index = indexOf(4, 2, [
      [0, 0, 1],
      [1, 1, 2],
      [2, 0, 0],
      [3, 0, 3],
      [0, 0, 1],
    ]);
    const closed = closure(index, ["r0", "r1"]);
    expect(closed.relationIds.at(-1)).toBe("r0+r1*");
    expect(rows(closed).slice(5)).toEqual([
      [0, 2, 1],
      [0, 2, 2],
      [1, 2, 2],
      [1, 2, 0],
      [2, 2, 0],
      [2, 2, 1],
    ]);
  });

  it("equals repeated joining (Warshall) on any graph", () => {
    fc.assert(
      fc.property(anyTriples, ({ entities, triples }) => {
        const reach = Array.from({ length: entities }, () => new Set<number>());
        for (const [h, r, t] of triples) if (r !== 2) reach[h]?.add(t);
        for (let k = 0; k < entities; k++)
          for (const from of reach) if (from.has(k)) for (const to of reach[k] as Set<number>) from.add(to);
        const expected = reach.flatMap((tails, h) => [...tails].filter((t) => t !== h).map((t) => `${h} ${t}`));
        const closed = closure(indexOf(entities, 3, triples), ["r0", "r1"]);
        const added = rows(closed).slice(triples.length);
        expect(added.map(([h, , t]) => `${h} ${t}`).sort()).toEqual(expected.sort());
        expect(added.every(([, r]) => r === 3)).toBe(true);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("refuses an unknown or no relation, a depth below 1 and a taken name", async () => {
    const index = await openToy();
    expect(() => closure(index, ["kindof"])).toThrow(
      /^kg\.closure: no relation "kindof" in the graph\. It has capital-of, .*\. Did you mean "kind-of"\?$/,
    );
    expect(() => closure(index, [])).toThrow("kg.closure: no relation is named. Wanted at least one.");
    expect(() => closure(index, ["kind-of"], { maxDepth: 0 })).toThrow(
      "kg.closure: maxDepth is 0. Wanted a whole number >= 1.",
    );
    expect(() => closure(index, ["kind-of"], { as: "borders" })).toThrow(
      'kg.closure: the graph already has a relation "borders". Name the closure otherwise with `as`.',
    );
  });
});

describe("splitTriples", () => {
  const large = () =>
    indexOf(
      500,
      7,
      Array.from({ length: 6000 }, (_, i) => [(i * 37) % 500, i % 7, (i * i + 11 * i) % 500]),
    );

  it("takes the fractions asked for, and the same triples for the same seed only", () => {
    const index = large();
    const split = (seed: number) => splitTriples(index, { validation: 0.05, test: 0.1, streams: streams(seed) });
    const { train, validation, test } = split(1);
    expect([train, validation, test].map(({ triples }) => triples.length / 3)).toEqual([5100, 300, 600]);
    expect(split(1)).toEqual(split(1));
    expect(split(2).test.triples).not.toEqual(test.triples);
    expect([...rows(train), ...rows(validation), ...rows(test)].sort()).toEqual(rows(index).sort());
    expect(train.entityIds).toBe(index.entityIds);
  });

  it("never parts the triples of two entities, nor takes the last of an entity or relation, on any graph", () => {
    fc.assert(
      fc.property(anyTriples, fc.nat(1000), ({ entities, triples }, seed) => {
        const index = indexOf(entities, 3, triples);
        const parts = splitTriples(index, { validation: 0.2, test: 0.3, streams: streams(seed) });
        const sides = new Map<string, string>();
        for (const [side, part] of Object.entries(parts))
          for (const [h, , t] of rows(part)) {
            const pair = [h, t].sort().join(" ");
            expect(sides.get(pair) ?? side).toBe(side);
            sides.set(pair, side);
          }
        const trained = rows(parts.train);
        const entitiesOf = (list: [number, number, number][]) => new Set(list.flatMap(([h, , t]) => [h, t]));
        const relationsOf = (list: [number, number, number][]) => new Set(list.map(([, r]) => r));
        expect(entitiesOf(trained)).toEqual(entitiesOf(rows(index)));
        expect(relationsOf(trained)).toEqual(relationsOf(rows(index)));
        const total = triples.length;
        expect(rows(parts.test).length).toBeLessThanOrEqual(Math.round(0.3 * total));
        expect(rows(parts.validation).length).toBeLessThanOrEqual(Math.round(0.2 * total));
        expect(Object.values(parts).flatMap(rows).sort()).toEqual(rows(index).sort());
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it("keeps everything in training where nothing can be spared, or nothing is asked for", () => {
    const chain = indexOf(3, 2, [
      [0, 0, 1],
      [1, 1, 2],
    ]);
    const spared = splitTriples(chain, { validation: 0.4, test: 0.5, streams: streams(1) });
    expect(spared.train.triples).toEqual(chain.triples);
    const none = splitTriples(large(), { validation: 0, test: 0, streams: streams(1) });
    expect(none.train.triples).toEqual(large().triples);
  });

  it("fills validation where no test is asked for", () => {
    const { validation, test } = splitTriples(large(), { validation: 0.1, test: 0, streams: streams(1) });
    expect([validation.triples.length / 3, test.triples.length]).toEqual([600, 0]);
  });

  it("refuses fractions that leave no training", () => {
    for (const [validation, test] of [
      [0.5, 0.5],
      [-0.1, 0],
      [Number.NaN, 0],
    ] as const)
      expect(() => splitTriples(large(), { validation, test, streams: streams(1) })).toThrow(
        `kg.splitTriples: validation is ${validation} and test is ${test}. Wanted fractions >= 0 whose sum is below 1.`,
      );
  });
});
