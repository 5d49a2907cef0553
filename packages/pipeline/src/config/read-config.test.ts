import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KgraftError } from "@kgraft/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfig } from "./read-config.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function failure(text: string, set: readonly string[] = []): Promise<string> {
  const path = file("config.yaml", text);
  const error = await readConfig(path, { set }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KgraftError);
  expect((error as KgraftError).exitCode).toBe(2);
  return (error as KgraftError).message.replaceAll(path, "config.yaml");
}

const toy =
  "name: toy\ngraph: { name: folder, path: graph }\nlinker: { name: dictionary }\nembedding: { name: transe }\n";

describe("what a config says", () => {
  test("defaults are filled in and paths are relative to the file", async () => {
    const config = await readConfig(file("defaults.yaml", toy));
    expect(config).toMatchObject({
      name: "toy",
      seed: 13,
      backend: "auto",
      arm: "none",
      report: { html: true, provenance: true, tensorboard: true },
    });
    expect(config.graph?.options).toMatchObject({ path: join(folder, "graph") });
    expect(config.embedding?.options).toMatchObject({ dimension: 100, reciprocal: true });
  });

  test("extends merges deeply, and a changed name replaces a section whole", async () => {
    file("parent.yaml", `${toy}strategies: { ernie-thu: { fusedLayers: [1], vectorNorm: 2 } }\n`);
    const config = await readConfig(
      file(
        "child.yaml",
        "extends: parent.yaml\nname: child\ngraph: { name: tsv, path: t.tsv }\nstrategies: { ernie-thu: { vectorNorm: 1 } }\n",
      ),
    );
    expect(config.name).toBe("child");
    expect(config.graph?.options).toMatchObject({ path: join(folder, "t.tsv") });
    expect(config.strategies.get("ernie-thu")).toMatchObject({ fusedLayers: [1], vectorNorm: 1 });
  });

  test("a path stated in an extended file is relative to that file", async () => {
    const config = await readConfig(file("other.yaml", `extends: ${join(folder, "parent.yaml")}\nname: other\n`));
    expect(config.graph?.options).toMatchObject({ path: join(folder, "graph") });
  });

  test("--set, --seed and --backend win", async () => {
    const config = await readConfig(file("set.yaml", toy), {
      set: ["embedding.dimension=8", "fusion.name=ernie-thu"],
      seed: 7,
      backend: "cpu",
    });
    expect(config).toMatchObject({ seed: 7, backend: "cpu", arm: "ernie-thu" });
    expect(config.embedding?.options).toMatchObject({ dimension: 8 });
  });

  test("environment variables are put in, but never written", async () => {
    process.env.KGRAFT_TEST_FOLDER = "secret-folder";
    const config = await readConfig(
      file("env.yaml", 'name: toy\ngraph: { name: folder, path: "${KGRAFT_TEST_FOLDER}" }\n'),
    );
    expect(config.graph?.options).toMatchObject({ path: join(folder, "secret-folder") });
    expect([...config.secrets]).toEqual([["secret-folder", "${KGRAFT_TEST_FOLDER}"]]);
    const written = config.written({ folder });
    expect(written).toContain("${KGRAFT_TEST_FOLDER}");
    expect(written).not.toContain("secret-folder");
  });

  test("an error does not show what came from the environment", async () => {
    process.env.KGRAFT_TEST_TOKEN = "hunter2/é";
    const message = await failure(
      'name: toy\nlinker: { name: "${KGRAFT_TEST_TOKEN}" }\nembedding: { name: transe, dimension: "x-${KGRAFT_TEST_TOKEN}" }\n',
    );
    expect(message).toContain('no linker "${KGRAFT_TEST_TOKEN}"');
    expect(message).toContain('is "x-${KGRAFT_TEST_TOKEN}"');
    expect(message).not.toContain("hunter2");
  });

  test("the written config names the same files from where it stands, with the arm and seed of a cell", async () => {
    mkdirSync(join(folder, "below"));
    file("below/data.yaml", "graph: { name: tsv, path: t.tsv }\n");
    const text = "extends: below/data.yaml\nname: toy\nencoder: { checkpoint: file:model }\n";
    const config = await readConfig(file("written.yaml", text), { set: ["seed=4"] });
    const written = config.written({ folder: join(folder, "runs/toy"), arm: "none", seed: 5 });
    expect(parse(written)).toEqual({
      name: "toy",
      seed: 5,
      graph: { name: "tsv", path: "../../below/t.tsv" },
      encoder: { checkpoint: "file:../../model" },
      fusion: { name: "none" },
    });
    const again = await readConfig(file("again.yaml", config.written({ folder })));
    expect(again.graph?.options).toEqual(config.graph?.options);
  });
});

describe("what is wrong with a config is said with its place, what was wanted and the likely fix", () => {
  test("unknown strategy", async () => {
    expect(await failure(`${toy}fusion: { name: ernie-tu }\n`)).toBe(
      'config.yaml:5:11: config.fusion.name: no fusion strategy "ernie-tu". Loaded: ernie-thu, k-adapter, k-bert, kg-bert, none, wklm. Did you mean "ernie-thu"?',
    );
  });

  test("a strategy that does not take the task's examples, with those that do", async () => {
    const text = `${toy}fusion: { name: kg-bert }\ntask: { name: entity-typing, train: t.jsonl, test: t.jsonl }\n`;
    expect(await failure(text)).toContain(
      'config.fusion.name: "kg-bert" takes triple examples, the task "entity-typing" gives text examples. Wanted one of ernie-thu, k-adapter, k-bert, none, wklm.',
    );
    const other = `${toy}fusion: { name: ernie-thu }\ntask: { name: link-prediction, train: t.jsonl, test: t.jsonl }\n`;
    expect(await failure(other)).toContain(
      '"ernie-thu" takes text examples, the task "link-prediction" gives triple examples. Wanted one of kg-bert, none.',
    );
  });

  test("unknown keys, on top and within a section", async () => {
    const message = await failure("name: toy\ngrpah: { name: folder }\nembedding: { name: transe, dimensoin: 4 }\n");
    expect(message).toContain('config.yaml:2:1: config.grpah: unknown key "grpah".');
    expect(message).toContain('Did you mean "graph"?');
    const inner = await failure("name: toy\nembedding: { name: transe, dimensoin: 4 }\n");
    expect(inner).toMatch(
      /^config\.yaml:2:28: config\.embedding\.dimensoin: unknown key "dimensoin"\. Known here: dimension, .*Did you mean "dimension"\?$/,
    );
  });

  test("unknown implementation of a section", async () => {
    expect(await failure("name: toy\nlinker: { name: dictonary }\n")).toBe(
      'config.yaml:2:11: config.linker.name: no linker "dictonary". Loaded: dictionary. Did you mean "dictionary"?',
    );
  });

  test("unknown objectives of pre-training, and options that they do not take", async () => {
    const message = await failure(
      "name: toy\npretrain:\n  objectives:\n    - mml\n    - { name: mlm, maskRat: 0.2 }\n    - { name: mlm, maskRate: 2 }\n",
    );
    expect(message.split("\n")).toEqual([
      'config.yaml:4:7: config.pretrain.objectives.0: no pre-training objective "mml". Loaded: causal-lm, entity-masking, mlm, nsp, rtd, sop, span, struct-bert, tlm, whole-word. Did you mean "mlm"?',
      'config.yaml:5:20: config.pretrain.objectives.1.maskRat: unknown key "maskRat". Known here: maskRate, unit. Did you mean "maskRate"?',
      "config.yaml:6:20: config.pretrain.objectives.2.maskRate: is 2. Wanted at most 1.",
    ]);
  });

  test("wrong types and ranges, all reported together", async () => {
    const message = await failure(
      "name: toy\nembedding: { name: transe, dimension: many, epochs: 0 }\nlinker: { name: dictionary, minScore: 2 }\n",
    );
    expect(message.split("\n")).toEqual([
      "config.yaml:3:29: config.linker.minScore: is 2. Wanted at most 1.",
      'config.yaml:2:28: config.embedding.dimension: is "many". Wanted a value of type number.',
      "config.yaml:2:45: config.embedding.epochs: is 0. Wanted at least 1.",
    ]);
  });

  test("a missing name", async () => {
    expect(await failure("seed: 1\n")).toBe("config.yaml: config.name: is missing. Wanted a value of type string.");
  });

  test("broken YAML and doubled keys", async () => {
    expect(await failure("name: [toy\n")).toMatch(/^config\.yaml:\d+:\d+: broken YAML: /);
    expect(await failure("name: toy\nname: toy\n")).toMatch(/^config\.yaml:2:1: broken YAML: .*unique/);
    expect(await failure("- a\n")).toBe(
      "config.yaml:1:1: is not a map of keys. Wanted keys such as name:, graph:, fusion:.",
    );
  });

  test("a missing file, and one that extends it", async () => {
    await expect(readConfig(join(folder, "no.yaml"))).rejects.toThrow(
      /no\.yaml: no such config file\. Give the path of a YAML file/,
    );
    expect(await failure("extends: gone.yaml\nname: toy\n")).toContain(
      "gone.yaml: no such config file. It is extended by",
    );
    file("circle.yaml", "extends: circle.yaml\nname: toy\n");
    await expect(readConfig(join(folder, "circle.yaml"))).rejects.toThrow(/extends itself/);
  });

  test("an environment variable that is not set", async () => {
    expect(await failure('name: toy\ngraph: { name: folder, path: "${KGRAFT_NOT_SET}" }\n')).toBe(
      "config.yaml:2:24: config.graph.path: the environment variable KGRAFT_NOT_SET is not set. Set it, e.g. export KGRAFT_NOT_SET=….",
    );
  });

  test("--set without a path or with a path through a value", async () => {
    expect(await failure(toy, ["seed"])).toBe(
      "--set seed: has no =. Wanted --set path=value, e.g. --set fusion.name=ernie-thu.",
    );
    expect(await failure(toy, ["name.first=x"])).toContain('--set name.first=x: config.name is "toy", not a map.');
    expect(await failure(toy, ["embedding.dimensions=3"])).toContain(
      '--set embedding.dimensions=3: config.embedding.dimensions: unknown key "dimensions".',
    );
  });

  test("a strategy whose needs the config does not meet", async () => {
    expect(await failure("name: toy\ngraph: { name: folder, path: graph }\nfusion: { name: ernie-thu }\n")).toMatch(
      /^config\.yaml:3:11: config\.fusion\.name: ernie-thu needs (entity vectors, but the config has no embedding|linked text, but the config has no linker)\. Add (embedding|linker):/,
    );
  });

  test("an encoder with neither checkpoint nor sizes", async () => {
    expect(await failure("name: toy\nencoder: { numLayers: 2 }\n")).toContain(
      "config.encoder.hiddenSize: is missing: an encoder needs a checkpoint, or tokenizer, numLayers, hiddenSize and numHeads.",
    );
  });
});
