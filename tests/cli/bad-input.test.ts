import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Ended, filesBelow, kgraft, root, temporaryFolder, tinyConfig, typing, write } from "./kgraft.ts";

const folder = temporaryFolder();
const output = join(folder, "out");

/** Runs a command that must fail tidily: nothing on stdout, no stack, no rest of an output. */
async function failure(args: readonly string[], wanted: 1 | 2 = 2, env?: Record<string, string>): Promise<string> {
  const { code, stderr, stdout }: Ended = await kgraft(args, env);
  expect([code, stdout], stderr).toEqual([wanted, ""]);
  expect(stderr).not.toMatch(/\n\s+at |unexpected error|NaN/);
  const left = existsSync(output) ? filesBelow(output).filter((path) => !/^stages\/\w+-\w+\//.test(path)) : [];
  expect(left).toEqual([]);
  return stderr;
}

const run = (change: string, ...more: string[]): Promise<string> =>
  failure(["run", tinyConfig(folder, change), "--quiet", ...more]);

describe("bad usage", () => {
  test("an unknown command, option, choice or number; a missing argument", async () => {
    const messages = await Promise.all([
      failure(["rnu"]),
      failure(["run", "x.yaml", "--resum"]),
      failure(["list", "fusio"]),
      failure(["run", "x.yaml", "--seed", "-1"]),
      failure(["run"]),
      failure(["compare", "x.yaml", "--strategies", "none,,k-bert"]),
      failure(["link", "--graph", "x", "--input", "x", "--output", "x", "--offsets", "bytes"]),
    ]);
    const wanted = [
      /unknown command 'rnu'\n\(Did you mean run\?\)/,
      /unknown option '--resum'\n\(Did you mean --resume\?\)\nRun "kgraft run --help"/,
      /'fusio' is invalid.+Allowed choices are fusion/,
      /'-1' is invalid\. Wanted a whole number from 0 up/,
      /missing required argument 'config'/,
      /Wanted names separated by commas/,
      /Allowed choices are codePoints, utf16/,
    ];
    for (const [index, message] of messages.entries()) expect(message).toMatch(wanted[index] as RegExp);
  });
});

describe("a bad config", () => {
  test.each([
    [
      "an unknown strategy",
      "fusion: { name: ernie-tu }\n",
      /tiny\.yaml:\d+:11: config\.fusion\.name: no fusion strategy "ernie-tu"\. Loaded: .+Did you mean "ernie-thu"\?/,
    ],
    [
      "an unknown key",
      "linkr: {}\n",
      /tiny\.yaml:\d+:1: config\.linkr: unknown key "linkr"\. .+Did you mean "linker"\?/,
    ],
    ["broken YAML", "seed: [1\n", /tiny\.yaml:\d+:\d+: broken YAML/],
    ["a wrong type", "seed: many\n", /tiny\.yaml:\d+:1: config\.seed: is "many"\. Wanted a value of type number/],
    [
      "a variable that is not set",
      'plugins: ["${KGRAFT_NOT_SET}"]\n',
      /environment variable KGRAFT_NOT_SET is not set/,
    ],
  ])("%s", async (_, change, message) => {
    expect(await run(change)).toMatch(message);
    expect(existsSync(output)).toBe(false);
  });

  test("a missing file", async () => {
    expect(await failure(["run", join(folder, "no.yaml")])).toContain("no.yaml: no such config file.");
  });
});

describe("bad data", () => {
  test("a missing graph, and an empty one", async () => {
    expect(await run("graph: { name: folder, path: nowhere }\n")).toContain(join(folder, "nowhere"));
    const empty = join(folder, "empty");
    mkdirSync(empty, { recursive: true });
    write(empty, "entities.jsonl", "");
    write(empty, "triples.tsv", "");
    expect(await run("graph: { name: folder, path: empty }\n")).toMatch(
      /empty: the graph is empty: it has no entity\. Check/,
    );
  });

  test("a missing corpus, an empty one, one without any mention", async () => {
    expect(await run("corpus: { name: jsonl, path: gone.jsonl }\n")).toContain(join(folder, "gone.jsonl"));
    write(folder, "empty.jsonl", "\n");
    expect(await run("corpus: { name: jsonl, path: empty.jsonl }\n")).toMatch(
      /config\.corpus: the corpus "jsonl" has no text beside those that the task is scored on\./,
    );
    const bare = JSON.stringify({ id: "1", text: "Nothing of note.", target: { start: 0, end: 7 }, labels: ["a"] });
    const other = bare.replace('"1"', '"2"').replace('"a"', '"b"');
    write(folder, "bare.jsonl", `${bare}\n${other}\n`);
    const task = "task: { train: bare.jsonl, validation: bare.jsonl, test: bare.jsonl }\n";
    const text = readFileSync(tinyConfig(folder), "utf8").replace(/task: .*\n/, task);
    write(folder, "other.jsonl", '{"id": "1", "text": "It rained."}\n');
    const config = write(folder, "bare.yaml", `${text}corpus: { name: jsonl, path: other.jsonl }\n`);
    expect(await failure(["run", config, "--quiet"])).toMatch(
      /config\.linker: "dictionary" finds no mention in 7 texts\. Wanted at least one/,
    );
  });

  test("an example whose target lies outside its text, with its line", async () => {
    write(folder, "outside.jsonl", '{"id": "1", "text": "Casta", "target": {"start": 0, "end": 9}, "labels": ["a"]}\n');
    expect(await run("", "--set", `task.train=${join(folder, "outside.jsonl")}`)).toMatch(/outside\.jsonl:1/);
  });
});

describe("a bad checkpoint", () => {
  const golden = join(root, "tests/golden/bert");

  /** Copies a small model with one weight taken out or given another shape. */
  function spoiled(name: string, change: (header: Record<string, unknown>) => void): string {
    const copy = join(folder, name);
    mkdirSync(copy);
    for (const file of ["config.json", "tokenizer.json", "vocab.txt"])
      if (existsSync(join(golden, file))) write(copy, file, readFileSync(join(golden, file), "utf8"));
    const model = readFileSync(join(golden, "model.safetensors"));
    const start = 8 + Number(model.readBigUInt64LE(0));
    const header = JSON.parse(model.subarray(8, start).toString("utf8")) as Record<string, unknown>;
    change(header);
    const text = Buffer.from(JSON.stringify(header).padEnd(start - 8));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(join(copy, "model.safetensors"), Buffer.concat([length, text, model.subarray(start)]));
    return copy;
  }

  const encode = (model: string): Promise<string> =>
    failure([
      "encode",
      "--model",
      model,
      "--input",
      join(typing, "text.jsonl"),
      "--output",
      join(output, "x.safetensors"),
      "--backend",
      "wasm",
    ]);

  test("that lacks a weight or has a wrong shape, each named", async () => {
    const weight = "bert.encoder.layer.0.output.dense.weight";
    const lacking = spoiled("lacking", (header) => {
      const found = Object.keys(header).find((name) => name.endsWith("encoder.layer.0.output.dense.weight")) as string;
      header.other = header[found];
      delete header[found];
    });
    expect(await encode(lacking)).toContain(weight.slice(5));
    const turned = spoiled("turned", (header) => {
      const found = Object.keys(header).find((name) => name.endsWith("encoder.layer.0.output.dense.weight")) as string;
      const entry = header[found] as { shape: number[] };
      entry.shape = entry.shape.toReversed();
    });
    expect(await encode(turned)).toMatch(/encoder\.layer\.0\.output\.dense\.weight.*\[\d+, ?\d+\]/);
  });

  test("that is not there", async () => {
    expect(await encode(join(folder, "nothing"))).toContain(join(folder, "nothing"));
  });
});

describe("an output that cannot be written", () => {
  const asRoot = process.getuid?.() === 0;
  const locked = join(folder, "locked");

  test("because a file stands in its way", async () => {
    const file = write(folder, "file", "");
    const text = join(typing, "text.jsonl");
    const link = ["link", "--graph", tinyConfig(folder), "--input", text, "--output", join(file, "x.jsonl")];
    expect(await failure(link, 1)).toMatch(/file.*cannot be written/s);
    expect(await failure(["run", tinyConfig(folder), "--set", `output=${join(file, "run")}`], 1)).toMatch(
      /run: cannot be written/,
    );
  });

  test.skipIf(asRoot)(`because of its rights${asRoot ? " (skipped: root may write everywhere)" : ""}`, async () => {
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const args = ["run", tinyConfig(folder), "--set", `output=${join(locked, "run")}`];
    expect(await failure(args, 1)).toMatch(/cannot be written: .+ Choose a folder that you may write to\./);
  });
});

test("what came from the environment is in no message and no file of a run", async () => {
  const secret = "hunter2-é/x";
  const config = tinyConfig(folder, 'corpus: { name: jsonl, path: "${KGRAFT_TOKEN}/text.jsonl" }\n', "secret.yaml");
  const message = await failure(["run", config], 2, { KGRAFT_TOKEN: secret });
  expect(message).toContain("${KGRAFT_TOKEN}/text.jsonl");
  expect(message).not.toContain("hunter2");
});
