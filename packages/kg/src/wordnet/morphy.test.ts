import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadMorphy, type Morphy } from "../index.ts";

let morphy: Morphy;
beforeAll(async () => {
  morphy = await loadMorphy();
});

/** By WordNet's published rules and lists, worked out by hand. */
describe("Morphy", () => {
  const nouns: Record<string, string[]> = {
    dogs: ["dog"],
    churches: ["church"],
    aardwolves: ["aardwolf"],
    abaci: ["abacus"],
    women: ["woman"],
    boxes: ["box"],
    buzzes: ["buzz"],
    ladies: ["lady"],
    spoonfuls: ["spoonful"],
    boxesful: ["boxful"],
    glasses: ["glasses", "glass"],
    axes: ["ax", "axis", "axe"],
    boss: ["boss"],
    as: ["as"],
    attorneys_general: ["attorney general"],
    "Men  of letters": ["man of letters"],
    "customs duties": ["customs duty"],
    "brothers-in-law": ["brother-in-law"],
    qwertys: [],
  };
  for (const [form, lemmas] of Object.entries(nouns))
    it(`noun ${form}: ${lemmas.join(", ") || "none"}`, () => {
      expect(morphy.lemmas(form, "noun")).toEqual(lemmas);
    });

  const verbs: Record<string, string[]> = {
    went: ["go"],
    hoping: ["hope", "hop"],
    denied: ["deny"],
    running: ["run"],
    was: ["be"],
    "ran down": ["run down"],
    "took a breath": ["take a breath"],
    "took breaths": [],
    "asked for it": ["ask for it"],
    saw: ["saw", "see"],
  };
  for (const [form, lemmas] of Object.entries(verbs))
    it(`verb ${form}: ${lemmas.join(", ") || "none"}`, () => {
      expect(morphy.lemmas(form, "verb")).toEqual(lemmas);
    });

  it("knows adjectives by rule, adverbs by exception only", () => {
    expect(morphy.lemmas("finest", "adj")).toEqual(["fine"]);
    expect(morphy.lemmas("better", "adj")).toEqual(["better", "good", "well"]);
    expect(morphy.lemmas("farther", "adv")).toEqual(["farther", "far"]);
    expect(morphy.lemmas("sooners", "adv")).toEqual([]);
  });

  it("takes all parts of speech together, noun first, each lemma once", () => {
    expect(morphy.lemmas("dogs")).toEqual(["dog"]);
    expect(morphy.lemmas("saws")).toEqual(["saw"]);
    expect(morphy.lemmas("Leaves")).toEqual(["leaf", "leave"]);
    expect(morphy.lemmas("")).toEqual([]);
    expect(morphy.lemmas("constructor")).toEqual(["constructor"]);
    expect(morphy.lemmas("hasOwnProperty")).toEqual([]);
  });

  it("knows only the parts of speech that were loaded", async () => {
    const nounsOnly = await loadMorphy({ partsOfSpeech: ["noun"] });
    expect(nounsOnly.lemmas("went")).toEqual([]);
    expect(nounsOnly.lemmas("went", "verb")).toEqual([]);
  });
});

describe("loadMorphy refuses", () => {
  it("a folder without WordNet, a foreign index and a broken exception list", async () => {
    const path = await mkdtemp(join(tmpdir(), "kgraft-morphy-"));
    await expect(loadMorphy({ path })).rejects.toThrow(
      `${path}: holds no WordNet database (no data.noun). Wanted the folder with data.noun, index.noun, index.sense`,
    );
    await writeFile(join(path, "data.noun"), "");
    await writeFile(join(path, "index.noun"), "  1 licence\ndog n 1 0 1 0 00000001\nname,score\n");
    await expect(loadMorphy({ path, partsOfSpeech: ["noun"] })).rejects.toThrow(
      `${join(path, "index.noun")}:3: "name,score" is no entry. Wanted a line of WordNet 3's index.noun`,
    );
    await writeFile(join(path, "index.noun"), "dog n 1 0 1 0 00000001\n");
    await writeFile(join(path, "noun.exc"), "dogz dog\ncatz\n");
    await expect(loadMorphy({ path, partsOfSpeech: ["noun"] })).rejects.toThrow(
      `${join(path, "noun.exc")}:2: "catz" has no lemma. Wanted an inflected form and its lemmas, separated by spaces.`,
    );
    await writeFile(join(path, "noun.exc"), "dogz dog\n");
    const own = await loadMorphy({ path, partsOfSpeech: ["noun"] });
    expect(own.lemmas("dogz")).toEqual(["dog"]);
    await rm(path, { recursive: true });
  });
});
