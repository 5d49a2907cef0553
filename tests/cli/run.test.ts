import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { crc32c, readEvents } from "./event-file.ts";
import {
  type Ended,
  filesBelow,
  kgraft,
  leftovers,
  readJson,
  readJsonLines,
  readTensors,
  temporaryFolder,
  tinyConfig,
  typing,
  write,
} from "./kgraft.ts";

const folder = temporaryFolder();
const config = tinyConfig(folder);
const [first, second] = [join(folder, "first"), join(folder, "second")];
let ended: [Ended, Ended];

beforeAll(async () => {
  ended = await Promise.all([
    kgraft(["run", config, "--set", `output=${first}`, "--json"]),
    kgraft(["run", config, "--set", `output=${second}`, "--resume", "--quiet"]),
  ]);
});

type Scores = Record<string, Record<string, Record<string, number>>>;

describe("kgraft run", () => {
  test("ends with 0; --resume with nothing there starts afresh", () => {
    expect(ended.map(({ code, stderr }) => [code, code === 0 ? "" : stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
  });

  test("prints metrics.json with --json and nothing else on stdout; says nothing on stderr with --quiet", () => {
    expect(ended[0].stdout).toBe(readFileSync(join(first, "metrics.json"), "utf8"));
    expect(ended[0].stderr).toContain("backend wasm: ");
    expect(ended[1].stderr).toBe("");
    expect(ended[1].stdout).toContain("entity-typing test looseMicroF1");
  });

  test("writes what the design names and leaves nothing temporary", () => {
    const files = filesBelow(first).filter((path) => !path.startsWith("stages/"));
    expect(files.map((path) => path.replace(/^events\.out\.tfevents\..*/, "events"))).toEqual([
      "cell.json",
      "config.yaml",
      "events",
      "metrics.json",
      "model/README.md",
      "model/config.json",
      "model/fusion.safetensors",
      "model/head.safetensors",
      "model/kgraft.yaml",
      "model/model.safetensors",
      "model/special_tokens_map.json",
      "model/tokenizer.json",
      "model/tokenizer_config.json",
      "model/vocab.txt",
      "predictions/test.jsonl",
      "predictions/validation.jsonl",
      "provenance.jsonl.gz",
      "report.html",
    ]);
    expect(leftovers(first)).toEqual([]);
  });

  test("describes the model: what it was trained on, how it scores, with what config", () => {
    const card = readFileSync(join(first, "model/README.md"), "utf8");
    expect(card).toMatch(/^---\ntags: \[kgraft, knowledge-graph, ernie-thu\]\n---\n\n# tiny: ernie-thu\n/);
    for (const row of ["| knowledge graph | folder | `graph` |", "| task | entity-typing | `task` |"])
      expect(card).toContain(row);
    const { looseMicroF1 = 0 } = readJson<Scores>(first, "metrics.json")["entity-typing"]?.test ?? {};
    expect(card).toContain(`| test | looseMicroF1 | ${(100 * looseMicroF1).toFixed(1)} |`);
    expect(card).toContain("fusion:\n  name: ernie-thu");
  });

  test("gives the same bytes for one seed", () => {
    for (const file of [
      "model/model.safetensors",
      "model/fusion.safetensors",
      "model/head.safetensors",
      "metrics.json",
      "predictions/test.jsonl",
      "predictions/validation.jsonl",
    ])
      expect(readFileSync(join(first, file)).equals(readFileSync(join(second, file))), file).toBe(true);
  });

  test("leaves a model that predicts the same from a file: kgraft predict", async () => {
    const [input, output] = [join(typing, "test.jsonl"), join(folder, "predicted.jsonl")];
    const { stdout, stderr, code } = await kgraft([
      "predict",
      "--model",
      join(first, "model"),
      "--input",
      input,
      "--output",
      output,
      "--json",
    ]);
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    type Line = { id: string; labels: string[]; scores: Record<string, number> };
    const [again, before] = [readJsonLines<Line>(output), readJsonLines<Line>(first, "predictions/test.jsonl")];
    expect(again.map(({ id, labels }) => [id, labels])).toEqual(before.map(({ id, labels }) => [id, labels]));
    for (const [i, { scores }] of again.entries())
      for (const [label, score] of Object.entries(scores)) expect(score).toBeCloseTo(before[i]?.scores[label] ?? 0, 4);
    expect(JSON.parse(stdout)).toEqual({
      examples: before.length,
      withoutLabel: before.filter(({ labels }) => labels.length === 0).length,
    });
  });

  test("scores what it predicts: kgraft score agrees with metrics.json", async () => {
    const predictions = join(first, "predictions/test.jsonl");
    const ids = readJsonLines<{ id: string }>(typing, "test.jsonl").map(({ id }) => id);
    expect(readJsonLines<{ id: string }>(predictions).map(({ id }) => id)).toEqual(ids);
    const gold = write(folder, "gold.jsonl", readFileSync(join(typing, "test.jsonl"), "utf8"));
    const { stdout, code } = await kgraft([
      "score",
      "entity-typing",
      "--gold",
      gold,
      "--predictions",
      predictions,
      "--json",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(readJson<Scores>(first, "metrics.json")["entity-typing"]?.test);
  });

  test("writes a resolved config that names the same files from where it stands", () => {
    const written = parse(readFileSync(join(first, "config.yaml"), "utf8")) as {
      task: { train: string };
      seed: number;
    };
    expect(written.seed).toBe(13);
    expect(resolve(first, written.task.train)).toBe(join(typing, "train.jsonl"));
  });

  test("writes TensorBoard events with every loss of every step", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    const name = filesBelow(first).find((path) => path.startsWith("events.")) as string;
    const { version, values } = readEvents(join(first, name));
    expect(version).toBe("brain.Event:2");
    const steps = (tag: string): readonly number[] => values.filter((one) => one.tag === tag).map(({ step }) => step);
    expect([...new Set(values.map(({ tag }) => tag))]).toEqual([
      "pretrain/mlm",
      "pretrain/entityAlignment",
      "finetune/entity-typing",
    ]);
    expect(steps("pretrain/mlm")).toEqual([1, 2, 3, 4]);
    expect(steps("finetune/entity-typing")).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
    for (const { tag, step, value } of values) expect(Number.isFinite(value), `${tag} ${step}`).toBe(true);
  });

  test("keeps fusion and head apart from what transformers knows", () => {
    const names = (file: string): readonly string[] => [...readTensors(first, "model", file).keys()];
    const encoder = names("model.safetensors");
    expect(encoder).toContain("bert.encoder.layer.1.attention.self.query.weight");
    expect(encoder).toContain("bert.pooler.dense.weight");
    expect(encoder.filter((name) => !name.startsWith("bert."))).toEqual([]);
    expect(names("fusion.safetensors").every((name) => name.startsWith("fusion/ernie-thu/"))).toBe(true);
    expect(names("head.safetensors")).toEqual([
      "head/entity-typing/classifier.bias",
      "head/entity-typing/classifier.weight",
    ]);
    const { architectures, kgraft: own } = readJson<{
      architectures: string[];
      kgraft: { head: { task: string; labels: string[]; options: Record<string, unknown> } };
    }>(first, "model/config.json");
    expect(architectures).toEqual(["BertModel"]);
    expect(own.head.task).toBe("entity-typing");
    expect(own.head.labels).toEqual([...own.head.labels].sort());
    expect(own.head.labels.length).toBe(
      readTensors(first, "model/head.safetensors").get("head/entity-typing/classifier.bias")?.shape[0],
    );
    expect(own.head.options).not.toHaveProperty("train");
  });

  test("without a task saves encoder and masked-LM head without the untrained pooler, which reload silently", async () => {
    const whole = parse(readFileSync(join(first, "config.yaml"), "utf8")) as Record<string, unknown>;
    delete whole.task;
    const bare = write(first, "pretrain-only.yaml", JSON.stringify(whole));
    const output = join(folder, "pretrained");
    const { code, stdout } = await kgraft(["run", bare, "--set", `output=${output}`, "--json", "--quiet"]);
    expect([code, stdout]).toEqual([0, "{}\n"]);
    const names = [...readTensors(output, "model/model.safetensors").keys()];
    expect(names).toContain("cls.predictions.transform.dense.weight");
    expect(names.filter((name) => name.includes("pooler"))).toEqual([]);
    expect(readJson<{ architectures: string[] }>(output, "model/config.json").architectures).toEqual([
      "BertForMaskedLM",
    ]);
  });
});

describe("a folder that holds a run", () => {
  test("is refused without --resume and left as it is", async () => {
    const before = readFileSync(join(first, "cell.json"));
    const { code, stderr } = await kgraft(["run", config, "--set", `output=${first}`]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error ${first}: holds a run already. Go on with --resume, give another name: or output:, or remove the folder.\n`,
    );
    expect(readFileSync(join(first, "cell.json")).equals(before)).toBe(true);
  });

  test("is taken as done with --resume; a dead process's lock is taken at once", async () => {
    writeFileSync(join(first, ".lock"), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: "1" }));
    const { code, stdout } = await kgraft(["run", config, "--set", `output=${first}`, "--resume", "--json"]);
    expect(code).toBe(0);
    expect(stdout).toBe(ended[0].stdout);
    expect(existsSync(join(first, ".lock"))).toBe(false);
  });

  test("is refused with --resume under another config", async () => {
    const args = ["run", config, "--set", `output=${first}`, "--set", "task.epochs=3", "--resume"];
    const { code, stderr } = await kgraft(args);
    expect(code).toBe(2);
    expect(stderr).toContain(`error ${first}: holds a run of another config, backend or version of kgraft.`);
  });

  test("is refused while a living process works in it", async () => {
    const lock = JSON.stringify({ pid: process.pid, host: hostname(), started: "" });
    writeFileSync(join(second, ".lock"), lock);
    const { code, stderr } = await kgraft(["run", config, "--set", `output=${second}`, "--resume"]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error ${second}: process ${process.pid} on ${hostname()} is working in this folder. Wait for it, or give another name: or output:.\n`,
    );
    expect(readFileSync(join(second, ".lock"), "utf8")).toBe(lock);
  });
});
