import type { Entity } from "@kgraft/kg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entity, makeLinker } from "../fixtures/toy-linker.ts";

/** Letters, accents, spaces and signs that meet in all ways; the oracle below knows no others. */
const alphabet = ["a", "b", "A", "é", "e\u0301", " ", " ", "-", ".", "ab"];
const strings = (maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength }).map((parts) => parts.join(""));
const graphs = fc.array(fc.array(strings(5), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 });
const exact = { minLetters: 1, derive: false, acronyms: "any-case", functionWords: "any-case", numbers: true };

function entitiesOf(aliases: readonly (readonly string[])[]): Entity[] {
  return aliases.map(([label = "", ...others], i) => entity(`e${i}`, label, others));
}

/** Lower case, no accents, one space for many: written apart from the code under test. */
function plain(text: string): string {
  return text.normalize("NFD").replaceAll("\u0301", "").toLowerCase().trim().replace(/ +/g, " ");
}

/** Every span between boundaries, longest first, looked up in a set. */
function naiveSpans(text: string, aliases: ReadonlySet<string>): [number, number][] {
  const tokens = [...text.matchAll(/(?:[a-zé]|\u0301)+|[-.]/gi)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  const spans: [number, number][] = [];
  for (let i = 0; i < tokens.length; i++)
    for (let j = tokens.length - 1; j >= i; j--) {
      const [start, end] = [tokens[i]?.[0] as number, tokens[j]?.[1] as number];
      const surface = plain(text.slice(start, end));
      if (!aliases.has(surface) || !/[a-z]/.test(surface)) continue;
      spans.push([start, end]);
      i = j;
      break;
    }
  return spans;
}

describe("laws", () => {
  it("links what a naive longest-match scan links", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, strings(30), async (aliases, text) => {
        const linker = await makeLinker(entitiesOf(aliases), exact);
        const known = new Set(
          aliases
            .flat()
            .map(plain)
            .filter((alias) => /[a-z]/.test(alias)),
        );
        const found = await linker.link(text);
        expect(found.map(({ start, end }) => [start, end])).toEqual(naiveSpans(text, known));
        for (const { start, end, entity: id } of found) {
          const own = aliases[Number(id.slice(1))] as readonly string[];
          expect(own.map(plain)).toContain(plain(text.slice(start, end)));
        }
      }),
      { numRuns: 600, seed: 1 },
    );
  });

  it("sorts mentions, keeps them apart, and sorts candidates by score, then id", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, strings(30), async (aliases, text) => {
        let last = 0;
        for (const { start, end, entity: id, score, candidates = [] } of await (
          await makeLinker(entitiesOf(aliases), exact)
        ).link(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
          expect([id, score]).toEqual([candidates[0]?.entity, candidates[0]?.score]);
          const sorted = [...candidates].sort((a, b) => b.score - a.score || (a.entity < b.entity ? -1 : 1));
          expect(candidates).toEqual(sorted);
        }
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it("does not depend on the order of entities and aliases", async () => {
    const shuffled = graphs.chain((aliases) =>
      fc.tuple(fc.constant(aliases), fc.shuffledSubarray([...aliases.keys()], { minLength: aliases.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, strings(30), async ([aliases, order], text) => {
        const entities = entitiesOf(aliases).map((one) => ({ ...one, properties: { aliasWeights: weightsOf(one) } }));
        const permuted = order.map((i) => {
          const one = entities[i] as Entity;
          return { ...one, aliases: one.aliases.toReversed() };
        });
        const links = await (await makeLinker(entities, exact)).link(text);
        expect(await (await makeLinker(permuted, exact)).link(text)).toEqual(links);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it("only removes links when minScore is raised", async () => {
    const scores = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(graphs, strings(30), scores, async (aliases, text, [a, b]) => {
        const at = async (minScore: number) =>
          (await makeLinker(entitiesOf(aliases), { ...exact, minScore })).link(text);
        const [low, high] = [await at(Math.min(a, b)), await at(Math.max(a, b))];
        for (const mention of high) expect(low).toContainEqual(mention);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it("is not touched by an alias that does not occur", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, strings(30), async (aliases, text) => {
        const entities = entitiesOf(aliases);
        const links = await (await makeLinker(entities, exact)).link(text);
        expect(await (await makeLinker([...entities, entity("x", "zebra", ["a zebra"])], exact)).link(text)).toEqual(
          links,
        );
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it("links paragraphs apart", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, strings(20), strings(20), async (aliases, first, second) => {
        const linker = await makeLinker(entitiesOf(aliases), exact);
        const offset = first.length + 2;
        const moved = (await linker.link(second)).map((one) => ({
          ...one,
          start: one.start + offset,
          end: one.end + offset,
        }));
        expect(await linker.link(`${first}\n\n${second}`)).toEqual([...(await linker.link(first)), ...moved]);
      }),
      { numRuns: 150, seed: 6 },
    );
  });

  it("survives any text", async () => {
    const linker = await makeLinker([entity("a", "a é\u0301"), entity("b", "😀"), entity("c", "\u200b")], {
      minLetters: 1,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", maxLength: 40 }),
        fc.constantFrom("\ud83d", "😀", ""),
        async (text, more) => {
          for (const { start, end } of await linker.link(text + more))
            expect((text + more).slice(start, end)).not.toBe("");
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });
});

function weightsOf({ label, aliases }: Entity): Record<string, number> {
  return Object.fromEntries([label, ...aliases].map((alias, i) => [alias, 0.1 * (i + 1)]));
}
