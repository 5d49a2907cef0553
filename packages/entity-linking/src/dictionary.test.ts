import { buildGraph, type Graph } from "@kgraft/kg";
import { type Progress, silent } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { entity, linked, makeLinker } from "../fixtures/toy-linker.ts";
import { dictionary } from "./index.ts";

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
      "remote: has 0 entities. Wanted at least one to link to. Check the graph's path, labels and filter.",
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
