import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Ended,
  filesBelow,
  floats,
  kgraft,
  readJson,
  readJsonLines,
  readTensors,
  root,
  temporaryFolder,
  tinyConfig,
  typing,
  write,
} from "./kgraft.ts";

const folder = temporaryFolder();
const config = tinyConfig(folder);

interface Line {
  readonly id: string;
  readonly text: string;
  readonly mentions?: readonly { readonly start: number; readonly end: number; readonly entity: string }[];
}

describe("kgraft link", () => {
  const output = join(folder, "linked.jsonl");
  let ended: Ended;
  beforeAll(async () => {
    ended = await kgraft([
      "link",
      "--graph",
      config,
      "--input",
      join(typing, "text.jsonl"),
      "--output",
      output,
      "--json",
    ]);
  });

  test("writes every line in its order, with mentions or without, and counts them", () => {
    expect([ended.code, ended.code === 0 ? "" : ended.stderr]).toEqual([0, ""]);
    const [given, linked] = [readJsonLines<Line>(typing, "text.jsonl"), readJsonLines<Line>(output)];
    expect(linked.map(({ id, text }) => ({ id, text }))).toEqual(given.map(({ id, text }) => ({ id, text })));
    const without = linked.filter(({ mentions }) => mentions?.length === 0);
    expect(without.map(({ id }) => id)).toEqual(["remark-1"]);
    const mentions = linked.reduce((sum, line) => sum + (line.mentions?.length ?? 0), 0);
    expect(JSON.parse(ended.stdout)).toEqual({ texts: given.length, mentions, withoutMention: 1 });
  });

  test("counts offsets in code points, also behind emoji and signs joined from several", () => {
    const lines = readJsonLines<Line>(output);
    const found = (id: string): Record<string, string> => {
      const line = lines.find((one) => one.id === id) as Line;
      const points = [...line.text];
      return Object.fromEntries(
        (line.mentions ?? []).map(({ start, end, entity }) => [entity, points.slice(start, end).join("")]),
      );
    };
    expect(found("remark-0")).toEqual({ aurelia: "Aurelia", norhavn: "Nørhavn" });
    expect(found("remark-2")).toMatchObject({ "mirabel-okonjo": "Okonjo" });
    expect(found("remark-3")).toMatchObject({ "lantern-feast": "灯祭り", casta: "Casta" });
    expect(found("remark-5")).toMatchObject({ kessa: "Κέσσα" });
  });

  test("stops at a broken line with its place and writes nothing", async () => {
    const input = write(folder, "broken.jsonl", '{"id": "1", "text": "Casta"}\n{"id": "2"\n');
    const untouched = join(folder, "untouched.jsonl");
    const { code, stderr } = await kgraft(["link", "--graph", config, "--input", input, "--output", untouched]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${input}:2`);
    expect(filesBelow(folder).filter((path) => path.startsWith("untouched"))).toEqual([]);
  });
});

describe("kgraft tokenizer", () => {
  test("makes a tokenizer of a text's own words, which an encoder starts from", async () => {
    const output = join(folder, "tokenizer.json");
    const input = ["--input", join(typing, "text.jsonl"), write(folder, "more.txt", "汉 族 ， 已 婚\n\nCasta Casta\n")];
    const { code, stdout, stderr } = await kgraft([
      "tokenizer",
      ...input,
      "--output",
      output,
      "--size",
      "400",
      "--json",
    ]);
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    const texts = readJsonLines(typing, "text.jsonl").length + 2;
    const made = JSON.parse(stdout) as { texts: number; pieces: number };
    expect(made.texts).toBe(texts);
    const { vocab } = (readJson(output) as { model: { vocab: Record<string, number> } }).model;
    expect(Object.keys(vocab)).toEqual(expect.arrayContaining(["[MASK]", "汉", "casta"]));
    expect(made.pieces).toBe(Object.keys(vocab).length);
    const tiny = [
      "--set",
      `encoder.tokenizer=${output}`,
      "--set",
      "task.epochs=1",
      "--set",
      `output=${join(folder, "own")}`,
    ];
    expect((await kgraft(["run", config, ...tiny, "--quiet"])).code).toBe(0);
  });

  test("says what size the alphabet wants", async () => {
    const output = join(folder, "small.json");
    const args = ["tokenizer", "--input", join(typing, "text.jsonl"), "--output", output, "--size", "20"];
    const { code, stdout, stderr } = await kgraft(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      "and the size is 20. Wanted room for all of them. Raise the size, or lower the alphabet's.",
    );
    expect(filesBelow(folder).filter((path) => path.startsWith("small"))).toEqual([]);
  });
});

describe("kgraft embed", () => {
  test("writes the folder of vectors that the design names, with what they were measured to know", async () => {
    const output = join(folder, "vectors");
    const { code, stdout } = await kgraft(["embed", config, "--output", output, "--json", "--quiet"]);
    expect(code).toBe(0);
    expect(filesBelow(output)).toEqual(["embedding.safetensors", "entities.txt", "metrics.json", "relations.txt"]);
    const tensors = readTensors(output, "embedding.safetensors");
    const entities = readFileSync(join(output, "entities.txt"), "utf8").trimEnd().split("\n");
    const graph = readJsonLines<{ id: string }>(root, "kg-fixtures/toy/entities.jsonl").map(({ id }) => id);
    expect([...entities].sort()).toEqual([...graph].sort());
    expect([...tensors.keys()].sort()).toEqual(["entity", "relation"]);
    expect(tensors.get("entity")).toMatchObject({ dtype: "F32", shape: [22, 8] });
    expect(tensors.get("relation")?.shape).toEqual([32, 8]);
    const relations = readFileSync(join(output, "relations.txt"), "utf8").trimEnd().split("\n");
    expect(relations[16]).toBe(`${relations[0]}^-1`);
    const metrics = readJson<{ reciprocal: boolean; probe: { accuracy: number } }>(output, "metrics.json");
    expect(metrics.reciprocal).toBe(true);
    const printed = JSON.parse(stdout) as { folder: string; metrics: { probe: object } };
    expect(printed).toMatchObject({ folder: output, metrics: { probe: metrics.probe } });
  });
});

describe("kgraft encode", () => {
  test("writes the states of every line, without padding, whatever stands beside it in a batch", async () => {
    expect((await kgraft(["run", config, "--set", "fusion.name=none", "--set", "task.epochs=1", "--quiet"])).code).toBe(
      0,
    );
    const model = join(folder, "out/model");
    const alone = write(folder, "alone.jsonl", `${JSON.stringify(readJsonLines<Line>(typing, "text.jsonl")[2])}\n`);
    const encode = (input: string, output: string, ...more: string[]): Promise<Ended> =>
      kgraft(["encode", "--model", model, "--input", input, "--output", output, "--backend", "wasm", ...more]);
    const [all, one] = [join(folder, "all.safetensors"), join(folder, "one.safetensors")];
    const ended = await Promise.all([
      encode(join(typing, "text.jsonl"), all, "--layers", "all", "--json"),
      encode(alone, one),
    ]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(JSON.parse(ended[0].stdout)).toMatchObject({ texts: 28 });
    const [many, single] = [readTensors(all), readTensors(one)];
    expect(many.size).toBe(28 * (2 + 3));
    const pieces = many.get("input_ids.2")?.shape[0] as number;
    expect(many.get("input_ids.2")).toMatchObject({ dtype: "I32", shape: [pieces] });
    expect(many.get("last_hidden_state.2")).toMatchObject({ dtype: "F32", shape: [pieces, 16] });
    expect([...single.keys()].sort()).toEqual(["input_ids.0", "last_hidden_state.0"]);
    const [batched, lone] = [floats(many.get("last_hidden_state.2")), floats(single.get("last_hidden_state.0"))];
    for (const [index, value] of lone.entries()) expect(batched[index]).toBeCloseTo(value, 5);
    expect(floats(many.get("hidden_states.2.2"))).toEqual(batched);
  });

  test("cuts what is longer than the positions, counts it and says so", async () => {
    const long = write(folder, "long.jsonl", `${JSON.stringify({ id: "long", text: "Casta ".repeat(100) })}\n`);
    const args = ["--model", join(folder, "out/model"), "--input", long, "--output", join(folder, "long.safetensors")];
    const { stdout } = await kgraft(["encode", ...args, "--backend", "wasm"]);
    expect(stdout).toBe("1 texts, 32 pieces, 1 texts cut at the position limit\n");
  });
});

describe("kgraft score entity-typing", () => {
  const score = (...args: string[]): Promise<Ended> =>
    kgraft(["score", "entity-typing", "--gold", join(typing, "gold.jsonl"), ...args]);

  test("gives the numbers reckoned by hand in the fixture's README", async () => {
    const { stdout, code } = await score("--predictions", join(typing, "predictions.jsonl"), "--json");
    expect(code).toBe(0);
    const hand: Record<string, number> = {
      strictAccuracy: 2 / 6,
      looseMacroPrecision: 11 / 36,
      looseMacroRecall: 5 / 12,
      looseMacroF1: 55 / 156,
      looseMacroF1NonEmpty: 55 / 104,
      looseMicroPrecision: 1 / 2,
      looseMicroRecall: 4 / 7,
      looseMicroF1: 8 / 15,
    };
    const scores = JSON.parse(stdout) as Record<string, number>;
    expect(Object.keys(scores)).toEqual(Object.keys(hand));
    for (const [name, value] of Object.entries(hand)) expect(scores[name], name).toBeCloseTo(value, 12);
  });

  test("refuses a missing id, a doubled id and an unknown task", async () => {
    const lines = readFileSync(join(typing, "predictions.jsonl"), "utf8").trimEnd().split("\n");
    const missing = write(folder, "missing.jsonl", lines.slice(1).join("\n"));
    const doubled = write(folder, "doubled.jsonl", [...lines, lines[0]].join("\n"));
    const ended = await Promise.all([
      score("--predictions", missing),
      score("--predictions", doubled),
      kgraft(["score", "entity-typin", "--gold", missing, "--predictions", missing]),
    ]);
    expect(ended.map(({ code, stdout }) => [code, stdout])).toEqual([
      [2, ""],
      [2, ""],
      [2, ""],
    ]);
    expect(ended[0].stderr).toContain('"6"');
    expect(ended[1].stderr).toContain(`${doubled}:7`);
    expect(ended[2].stderr).toContain(
      'no scores for the task "entity-typin". There are: entity-linking, entity-typing, named-entity-recognition, relation-classification, sentence-classification. Did you mean "entity-typing"?',
    );
  });
});

describe("kgraft score of other tasks", () => {
  const scored = async (task: string, gold: readonly object[], predictions: readonly object[]) => {
    const file = (name: string, lines: readonly object[]) =>
      write(folder, `${task}-${name}.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const args = ["--gold", file("gold", gold), "--predictions", file("predictions", predictions), "--json"];
    const { stdout, stderr, code } = await kgraft(["score", task, ...args]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return JSON.parse(stdout) as Record<string, number>;
  };

  test("classes, spans and links", async () => {
    const line = (id: string, label: string) => ({ id, labels: [label] });
    const classes = await scored(
      "relation-classification",
      [line("1", "a"), line("2", "b")],
      [line("2", "a"), line("1", "a")],
    );
    expect(classes).toMatchObject({ accuracy: 0.5, microF1: 0.5, macroF1: 1 / 3 });

    const spans = (id: string, ...starts: number[]) => ({
      id,
      spans: starts.map((start) => ({ start, end: start + 2, label: "x" })),
    });
    const found = await scored("named-entity-recognition", [spans("1", 0, 4)], [spans("1", 4)]);
    expect(found).toMatchObject({ microPrecision: 1, microRecall: 0.5, microF1: 2 / 3 });

    const linked = (entity: string) => ({ id: "1", text: "a b", mentions: [{ start: 0, end: 1, entity }] });
    expect(await scored("entity-linking", [linked("Q1")], [linked("Q1")])).toMatchObject({ microF1: 1 });
    expect(await scored("entity-linking", [linked("Q1")], [linked("Q2")])).toMatchObject({ microF1: 0 });
  });
});

describe("kgraft list and doctor", () => {
  test("list shows every kind, and each of them alone as the same JSON", async () => {
    const whole = JSON.parse((await kgraft(["list", "--json"])).stdout) as Record<
      string,
      { name: string; options: unknown[] }[]
    >;
    const kinds = [
      "fusion",
      "kg-embedding",
      "linkers",
      "tasks",
      "objectives",
      "graphs",
      "corpora",
      "datasets",
      "backends",
    ];
    expect(Object.keys(whole)).toEqual(kinds);
    for (const kind of kinds) expect(whole[kind]?.length, kind).toBeGreaterThan(0);
    expect(whole.fusion?.map(({ name }) => name)).toEqual(expect.arrayContaining(["ernie-thu", "none"]));
    const [alone, text] = await Promise.all([kgraft(["list", "graphs", "--json"]), kgraft(["list", "fusion"])]);
    expect(JSON.parse(alone.stdout)).toEqual({ graphs: whole.graphs });
    expect(text.stdout).toMatch(/^fusion:\n {2}ernie-thu {2}\(@kgraft\/fusion\)\n/);
    expect(text.stdout).toContain("ERNIE: Enhanced Language Representation with Informative Entities. ACL 2019");
    expect(text.stdout).toMatch(/\n {4}vectorNorm +.+ = 3\n/);
  });

  test("doctor --json says what works on this machine", async () => {
    const { code, stdout } = await kgraft(["doctor", "--json"]);
    expect(code).toBe(0);
    const { facts, diagnosis } = JSON.parse(stdout) as {
      facts: [string, string][];
      diagnosis: { best: string; backends: { name: string; usable: boolean; why?: string }[] };
    };
    expect(facts.map(([name]) => name)).toEqual(
      expect.arrayContaining(["node", "processor", "memory", "wasm", "auto takes"]),
    );
    expect(diagnosis.backends.find(({ name }) => name === "wasm")?.usable).toBe(true);
    for (const { name, usable, why } of diagnosis.backends) if (!usable) expect(why, name).toBeTruthy();
  });
});

describe("the examples that --help prints", () => {
  const place = join(folder, "checkout");
  beforeAll(() => {
    mkdirSync(place);
    for (const name of ["configs", "kg-fixtures", "packages"]) symlinkSync(join(root, name), join(place, name));
  });

  test.each(["score", "link", "embed", "list"])("of %s works as printed", async (command) => {
    const { stdout, code } = await kgraft([command, "--help"]);
    expect(code).toBe(0);
    const example = /\nExample:\n {2}kgraft (.+)\n/.exec(stdout)?.[1] as string;
    const ended = await kgraft([...example.split(" "), "--quiet"], {}, place);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(ended.stdout).not.toBe("");
  });
});
