import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, filesBelow, kgraft, temporaryFolder, tinyConfig } from "./kgraft.ts";

const folder = temporaryFolder();
const config = tinyConfig(folder);
const text = "\u{1f3b6} Aurelia sang in Casta .";

interface Inspected {
  readonly text: string;
  readonly tokens: readonly string[];
  readonly positions?: readonly number[];
  readonly branches?: readonly number[];
  readonly visible?: readonly (readonly number[])[];
  readonly entities?: readonly (string | null)[];
  readonly mentions: readonly { start: number; end: number; surface: string; entity: string; candidates: unknown[] }[];
  readonly triples: readonly { head: string; relation: string; tail: string; mention: number; branch?: number }[];
  readonly prediction?: { labels: readonly string[]; scores: Readonly<Record<string, number>> };
  readonly without?: { triple: number; prediction: { scores: Readonly<Record<string, number>> } };
}

const inspect = (...args: string[]): Promise<Ended> => kgraft(["inspect", "--text", text, "--quiet", ...args]);
const read = ({ code, stdout, stderr }: Ended): Inspected => {
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Inspected;
};

describe("kgraft inspect --config", () => {
  test("shows mentions in code points, branches with their triples, positions and who sees whom", async () => {
    const seen = read(await inspect("--config", config, "--set", "fusion.name=k-bert", "--json"));
    expect(seen.text).toBe(text);
    expect(seen.mentions.map(({ start, end, surface, entity }) => [start, end, surface, entity])).toEqual([
      [2, 9, "Aurelia", "aurelia"],
      [18, 23, "Casta", "casta"],
    ]);
    expect(seen.mentions.every(({ candidates }) => candidates.length > 0)).toBe(true);
    expect(seen.triples).toEqual([{ head: "casta", relation: "located-in", tail: "talvera", mention: 1, branch: 1 }]);
    const { tokens, branches = [], positions = [], visible = [], entities } = seen;
    expect(entities).toBeUndefined();
    const branch = tokens.filter((_, piece) => branches[piece] === 1);
    expect(branch.join(" ")).toBe("is located in t ##al ##ver ##a");
    const first = branches.indexOf(1);
    expect(positions[first + branch.length]).toBe(positions[first]);
    expect(visible.length).toBe(tokens.length);
    expect(visible[first]?.[0]).toBe(0);
    expect(visible[first]?.[first - 1]).toBe(1);
    expect(visible[0]?.[first]).toBe(0);
  });

  test("shows what is left under a control of the graph: branches of the same relations with other tails", async () => {
    const tailsUnder = async (strategy: string) => {
      const sets = [`fusion.name=${strategy}`, 'strategies.k-bert={"relations":["capital-of"]}'];
      const given = ["--text", "Norhavn and Brennick .", "--config", config, ...sets.flatMap((set) => ["--set", set])];
      const { triples } = read(await kgraft(["inspect", ...given, "--json", "--quiet"]));
      return triples.map(({ head, tail }) => [head, tail]);
    };
    expect(await tailsUnder("k-bert")).toEqual([
      ["norhavn", "talvera"],
      ["brennick", "sundrel"],
    ]);
    expect(await tailsUnder("k-bert@rewired")).toEqual([
      ["norhavn", "sundrel"],
      ["brennick", "talvera"],
    ]);
  });

  test("leaves out what a strategy does not use, and shows the entity stream of ernie-thu", async () => {
    const none = read(await inspect("--config", config, "--set", "fusion.name=none", "--json"));
    expect(Object.keys(none)).toEqual(["text", "tokens", "mentions", "triples"]);
    const ernie = read(await inspect("--config", config, "--json"));
    expect(ernie.entities?.filter((entity) => entity !== null)).toEqual(["aurelia", "casta"]);
    expect(ernie.entities?.length).toBe(ernie.tokens.length);
    expect(ernie.visible).toBeUndefined();
  });

  test("prints lines for people and writes a page with its pictures", async () => {
    const page = join(folder, "inspection.html");
    const { code, stdout } = await inspect("--config", config, "--set", "fusion.name=k-bert", "--html", page);
    expect(code).toBe(0);
    expect(stdout).toContain("Casta [18, 23) is Casta (casta)");
    expect(stdout).toMatch(/0 {2}Casta is located in Talvera, at "Casta"/);
    const html = readFileSync(page, "utf8");
    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html).toContain("<mark");
    expect(html).not.toMatch(/<script|(?:src|href)=/);
  });

  test.each([
    [[], "neither --model nor --config is given"],
    [["--config", config, "--model", folder], "--model and --config are both given"],
    [["--model", folder], "has no kgraft.yaml"],
    [["--config", config, "--without", "0"], "nothing predicts without a model"],
    [["--config", config, "--target", "Casto"], '"Casto" does not stand in the text'],
    [["--config", config, "--set", "fusion.name=kg-bert"], "triple"],
    [
      ["--config", config, "--set", "fusion.name=k-bert", "--set", 'strategies.k-bert={"relations":["locatd-in"]}'],
      'Did you mean "located-in"?',
    ],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await inspect(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});

describe("kgraft inspect --model", () => {
  const model = join(folder, "out/model");
  beforeAll(async () => {
    const ended = await kgraft(["run", config, "--set", "fusion.name=k-bert", "--quiet"]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
  }, 120_000);

  test("keeps the config that the model was made with", () => {
    expect(filesBelow(model)).toContain("kgraft.yaml");
  });

  test("predicts, and says what changes without a triple", async () => {
    const seen = read(await inspect("--model", model, "--target", "Casta", "--without", "0", "--json"));
    const { prediction, without } = seen;
    expect(seen.triples).toHaveLength(1);
    expect(Object.keys(prediction?.scores ?? {}).length).toBeGreaterThan(1);
    expect(without?.triple).toBe(0);
    expect(Object.keys(without?.prediction.scores ?? {})).toEqual(Object.keys(prediction?.scores ?? {}));
    expect(without?.prediction.scores).not.toEqual(prediction?.scores);
  });

  test("shows a text without target all the same, and says why nothing is predicted", async () => {
    const { code, stdout, stderr } = await kgraft(["inspect", "--text", text, "--model", model, "--json"]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Inspected).prediction).toBeUndefined();
    expect(stderr).toContain("nothing is predicted");
    expect(stderr).toContain("--target");
  });

  test("refuses a triple that is not there", async () => {
    const { code, stderr } = await inspect("--model", model, "--target", "Casta", "--without", "7");
    expect(code).toBe(2);
    expect(stderr).toContain("no triple 7: 1 are put into the text. Wanted 0 to 0");
  });
});
