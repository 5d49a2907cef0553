import { buildGraph, type Entity, type Graph, type Triple } from "@kgraft/kg";
import { type Progress, silent } from "@kgraft/runtime";
import type { Mention } from "@kgraft/text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dictionary, type Linker } from "./index.ts";

function entity(
  id: string,
  label: string,
  aliases: readonly string[] = [],
  aliasWeights?: Record<string, number>,
): Entity {
  return { id, label, aliases, types: [], properties: aliasWeights ? { aliasWeights } : {} };
}

async function makeLinker(
  entities: readonly Entity[],
  options: Record<string, unknown> = {},
  triples: readonly Triple[] = [],
  progress: Progress = silent,
): Promise<Linker> {
  const graph = await buildGraph("toy", { entities, triples });
  return dictionary.create(dictionary.options.parse(options), { graph, progress });
}

/** `surface→entity` of every mention. */
function shown(text: string, mentions: readonly Mention[]): string[] {
  return mentions.map(({ start, end, entity: id }) => `${text.slice(start, end)}→${id}`);
}

async function linked(linker: Linker, text: string): Promise<string[]> {
  return shown(text, await linker.link(text));
}

const places = [
  entity("ny", "New York", ["NYC"]),
  entity("nyt", "New York Times"),
  entity("ts", "Times Square"),
  entity("paris", "Paris", ["City of Light"]),
  entity("paris-tx", "Paris (Texas)"),
];

describe("mentions", () => {
  it("are the longest aliases, leftmost first, at word boundaries", async () => {
    const linker = await makeLinker(places);
    expect(
      await linked(linker, "The New  York Times and new york; Yorkers in Paris's Times Square, comparisons"),
    ).toEqual(["New  York Times→nyt", "new york→ny", "Paris→paris", "Times Square→ts"]);
  });

  it("have UTF-16 offsets past emoji, and CRLF counts as a space", async () => {
    const linker = await makeLinker(places);
    expect(await linker.link("😀 New\r\nYork")).toMatchObject([{ start: 3, end: 12, entity: "ny" }]);
  });

  it("do not cross an empty line", async () => {
    const linker = await makeLinker(places);
    expect(await linked(linker, "New\n\nYork. New\nYork")).toEqual(["New\nYork→ny"]);
  });

  it("ignore case, accents, compatibility forms, dashes and zero-width signs", async () => {
    const linker = await makeLinker([
      entity("cafe", "Café Zürich"),
      entity("strasse", "Straße"),
      entity("istanbul", "İstanbul"),
      entity("odysseus", "Ὀδυσσεύς"),
      entity("fish", "ﬁsh"),
      entity("dash", "Anglo–Saxon"),
      entity("neill", "O'Neill"),
    ]);
    const text = "CAFE ZU\u0308RICH STRASSE istanbul οδυσσευσ FI\u00adSH Anglo-Saxon O\u2019Neill";
    expect(await linked(linker, text)).toHaveLength(7);
  });

  it("tell accents apart where asked", async () => {
    const linker = await makeLinker([entity("cafe", "Café")], { accents: "match" });
    expect(await linked(linker, "cafe CAFÉ cafe\u0301")).toEqual(["CAFÉ→cafe", "cafe\u0301→cafe"]);
  });

  it("are found inside scripts without spaces, and never cut what looks like one character", async () => {
    const linker = await makeLinker(
      [
        entity("bj", "北京"),
        entity("bju", "北京大学"),
        entity("tokyo", "東京"),
        entity("woman", "👩"),
        entity("th", "กรุงเทพ"),
      ],
      { minLetters: 1 },
    );
    expect(await linked(linker, "我在北京大学。北京")).toEqual(["北京大学→bju", "北京→bj"]);
    expect(await linked(linker, "東京都に行く อยู่กรุงเทพนะ")).toEqual(["東京→tokyo", "กรุงเทพ→th"]);
    const signs = await makeLinker([entity("woman", "👩 doctor")]);
    expect(await linked(signs, "👩‍👩‍👧 doctor 👩 doctor")).toEqual(["👩 doctor→woman"]);
  });

  it("have the fewest letters that are asked for", async () => {
    const entities = [entity("go", "go"), entity("c", "C"), entity("run", "run")];
    expect(await linked(await makeLinker(entities), "c go run")).toEqual(["go→go", "run→run"]);
    expect(await linked(await makeLinker(entities, { minLetters: 1 }), "c go run")).toHaveLength(3);
    expect(await linked(await makeLinker(entities, { minLetters: 3 }), "c go run")).toEqual(["run→run"]);
  });
});

describe("aliases that are also ordinary words", () => {
  const entities = [
    entity("us", "US"),
    entity("who", "WHO"),
    entity("can", "can"),
    entity("year", "1984"),
    entity("nato", "NATO"),
  ];

  it("match only in their own writing", async () => {
    const linker = await makeLinker(entities);
    expect(await linked(linker, "US us Us WHO who can 1984 NATO nato")).toEqual(["US→us", "WHO→who", "NATO→nato"]);
  });

  it("match in any where asked", async () => {
    const linker = await makeLinker(entities, { acronyms: "any-case", functionWords: "any-case", numbers: true });
    expect(await linked(linker, "us who can 1984 nato")).toHaveLength(5);
  });

  it("do not hide a shorter alias where their writing is not there", async () => {
    const linker = await makeLinker([entity("it", "IT"), entity("dept", "IT US"), entity("us", "us all")], {
      functionWords: "match-case",
    });
    expect(await linked(linker, "IT us all; IT US")).toEqual(["IT→it", "us all→us", "IT US→dept"]);
  });

  it("keep apart entities of one alias by writing", async () => {
    const linker = await makeLinker([entity("aids", "AIDS"), entity("helps", "aids")]);
    const found = await linker.link("aids AIDS");
    expect(found.map(({ candidates }) => candidates?.map((candidate) => candidate.entity))).toEqual([
      ["helps"],
      ["aids", "helps"],
    ]);
  });
});

describe("derived names", () => {
  const entities = [entity("art", "state-of-the-art"), entity("tx", "Paris (Texas)"), entity("fr", "Paris")];

  it("are found, at 0.3 of the weight", async () => {
    const linker = await makeLinker(entities);
    expect(await linked(linker, "state of the art stateoftheart state-of-the-art")).toHaveLength(3);
    const [paris] = await linker.link("Paris");
    expect(paris?.candidates?.map(({ entity: id, prior }) => [id, prior])).toEqual([
      ["fr", 1 / 1.3],
      ["tx", 0.3 / 1.3],
    ]);
  });

  it("are left out where asked", async () => {
    const linker = await makeLinker(entities, { derive: false });
    expect(await linked(linker, "state of the art Paris Paris (Texas)")).toEqual(["Paris→fr", "Paris (Texas)→tx"]);
  });
});

describe("priors", () => {
  it("are shares of the graph's counts", async () => {
    const linker = await makeLinker([
      entity("river", "bank", [], { bank: 25 }),
      entity("money", "depository", ["bank"], { bank: 75, depository: 1 }),
      entity("blood", "bank", ["store"], { store: 3 }),
    ]);
    const [mention] = await linker.link("bank");
    expect(mention).toMatchObject({ entity: "money", score: 0.75 });
    expect(mention?.candidates).toEqual([
      { entity: "money", score: 0.75, prior: 0.75 },
      { entity: "river", score: 0.25, prior: 0.25 },
      { entity: "blood", score: 0, prior: 0 },
    ]);
  });

  it("are smoothed as asked", async () => {
    const entities = [entity("a", "bank", [], { bank: 3 }), entity("b", "bank", [], { bank: 0 })];
    const [mention] = await (await makeLinker(entities, { smoothing: 1 })).link("bank");
    expect(mention?.candidates?.map(({ prior }) => prior)).toEqual([4 / 5, 1 / 5]);
  });

  it("are equal where all counts are 0, in the order of ids", async () => {
    const entities = [entity("b", "bank", [], {}), entity("a", "bank", [], {})];
    const [mention] = await (await makeLinker(entities)).link("bank");
    expect(mention?.candidates).toEqual([
      { entity: "a", score: 0.5, prior: 0.5 },
      { entity: "b", score: 0.5, prior: 0.5 },
    ]);
  });

  it("come from degrees without counts: 1 for a label, 0.7 for an alias", async () => {
    const triples = ["x", "y", "z"].map((tail) => ({ head: "hub", relation: "r", tail }));
    const entities = [
      entity("hub", "other", ["bank"]),
      entity("lone", "bank"),
      ...["x", "y", "z"].map((id) => entity(id, id)),
    ];
    const [mention] = await (await makeLinker(entities, {}, triples)).link("bank");
    const [hub, lone] = [0.7 * Math.sqrt(1 + 3), 1];
    expect(mention?.candidates?.map(({ entity: id }) => id)).toEqual(["hub", "lone"]);
    expect(mention?.score).toBeCloseTo(hub / (hub + lone), 12);
    const flat = await makeLinker(entities, { degreePower: 0 }, triples);
    expect((await flat.link("bank"))[0]?.entity).toBe("lone");
  });

  it("sum to 1 before the list is cut", async () => {
    const entities = Array.from({ length: 40 }, (_, i) => entity(`e${i}`, "bank", [], { bank: i + 1 }));
    const all = await (await makeLinker(entities, { maxCandidates: 100 })).link("bank");
    expect(all[0]?.candidates?.reduce((sum, { prior = 0 }) => sum + prior, 0)).toBeCloseTo(1, 12);
    const cut = await (await makeLinker(entities)).link("bank");
    expect(cut[0]?.candidates).toEqual(all[0]?.candidates?.slice(0, 30));
  });
});

describe("lemmas", () => {
  it("of WordNet's morphy are found token by token, and pooled with the form itself", async () => {
    const linker = await makeLinker(
      [
        entity("dog", "dog", [], { dog: 2 }),
        entity("glass", "glass", [], { glass: 3 }),
        entity("spectacles", "glasses", [], { glasses: 1 }),
        entity("breathe", "take a breath", [], { "take a breath": 1 }),
        entity("good", "good", [], { good: 1 }),
        entity("duty", "customs duty", [], { "customs duty": 1 }),
      ],
      { lemmatise: "morphy" },
    );
    const text = "Dogs took a breath; better glasses, customs duties.";
    expect(await linked(linker, text)).toEqual([
      "Dogs→dog",
      "took a breath→breathe",
      "glasses→glass",
      "customs duties→duty",
    ]);
    expect((await linker.link("glasses"))[0]?.candidates?.map(({ prior }) => prior)).toEqual([0.75, 0.25]);
    expect(await linked(await makeLinker([entity("dog", "dog")]), "dogs")).toEqual([]);
  });

  it("may come from anywhere", async () => {
    const graph = await buildGraph("toy", { entities: [entity("haus", "Haus")], triples: [] });
    const lemmatizer = async () => ({ lemmas: (word: string) => (word === "häuser" ? ["Haus"] : []) });
    const options = dictionary.options.parse({ lemmatise: "morphy", accents: "match" });
    const linker = await dictionary.create(options, { graph, lemmatizer, progress: silent });
    expect(await linked(linker, "Häuser")).toEqual(["Häuser→haus"]);
  });
});

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

describe("hostile dictionaries", () => {
  it("stay fast: nested aliases over a long run of one word", async () => {
    const nested = Array.from({ length: 60 }, (_, i) => entity(`e${i}`, "ab ".repeat(i + 1)));
    const linker = await makeLinker(nested);
    const found = await linker.link("ab ".repeat(100_000));
    expect(found).toHaveLength(Math.ceil(100_000 / 60));
  });

  it("stay whole: one alias of ten thousand entities", async () => {
    const crowd = Array.from({ length: 10_000 }, (_, i) => entity(`e${i}`, "bank"));
    const [mention] = await (await makeLinker(crowd)).link("bank");
    expect(mention?.candidates).toHaveLength(30);
    expect(mention?.score).toBeCloseTo(1e-4, 12);
  });

  it("leave out what cannot be found, and say so", async () => {
    const notes: string[] = [];
    const progress: Progress = { ...silent, note: (text) => notes.push(text) };
    const linker = await makeLinker([entity("a", "Paris", [" ", "\u200b", "x ".repeat(5000)])], {}, [], progress);
    expect(await linked(linker, "Paris")).toEqual(["Paris→a"]);
    expect(notes).toEqual(["3 aliases are empty or longer than 200 words and cannot be found in text"]);
  });
});

describe("bad input", () => {
  it("is refused: a graph without entities", async () => {
    async function* nothing(): AsyncGenerator<never> {}
    const graph: Graph = {
      source: "remote",
      counts: async () => ({ entities: 0, relations: 0, triples: 0 }),
      entities: nothing,
      entity: async () => undefined,
      relations: nothing,
      triples: nothing,
      neighbours: async () => [],
      degree: async () => 0,
      close: async () => undefined,
    };
    const options = dictionary.options.parse({});
    await expect(dictionary.create(options, { graph, progress: silent })).rejects.toThrow(
      "remote: has no entity to link to.",
    );
  });

  it.each([
    [{ bank: "3" }, '["bank"] is "3"'],
    [{ bank: -1 }, '["bank"] is -1'],
    [[1], " is [1]"],
  ])("is refused: aliasWeights %j", async (aliasWeights, problem) => {
    const broken = { ...entity("e1", "bank"), properties: { aliasWeights } };
    await expect(makeLinker([broken])).rejects.toThrow(
      `toy: entity "e1": properties.aliasWeights${problem}. Wanted an object of aliases with numbers of 0 or more.`,
    );
    await expect(makeLinker([broken])).rejects.toMatchObject({ exitCode: 2 });
  });

  it("is refused: an unknown option", () => {
    expect(() => dictionary.options.parse({ minscore: 0.3 })).toThrow(/minscore/);
  });
});
