import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { goldenFolder } from "../golden/golden.ts";
import { tinyTokenizerJson } from "../golden/tiny-tokenizer.ts";
import { type Ended, filesBelow, kgraft, leftovers, readTensors, root, temporaryFolder } from "./kgraft.ts";

const folder = temporaryFolder();
const model = join(folder, "model");
const release = join(root, "tests/golden/pytorch/releases/ernie-thu");

beforeAll(() => {
  cpSync(goldenFolder("bert"), model, { recursive: true });
  writeFileSync(join(model, "tokenizer.json"), tinyTokenizerJson());
});

const convert = (from: string, to: string, ...more: string[]): Promise<Ended> =>
  kgraft(["convert", "--from", from, "--to", join(folder, to), ...more]);

describe("kgraft convert", () => {
  test("writes Hugging Face's layout by default, with one JSON document of what it did", async () => {
    const { code, stdout, stderr } = await convert(model, "hf", "--json");
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(folder, "hf/conversion.json"), "utf8")));
    expect(JSON.parse(stdout)).toMatchObject({ format: "hf", from: `file:${model}`, missing: [] });
    expect([...readTensors(folder, "hf/model.safetensors")]).toEqual([...readTensors(model, "model.safetensors")]);
    expect(leftovers(folder)).toEqual([]);
  });

  test("writes ONNX and says what goes in and comes out, in the card too", async () => {
    const { code, stdout } = await convert(model, "onnx", "--format", "onnx", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain("input_ids: int64 [batch, sequence]");
    expect(stdout).toContain("logits: float32 [batch, sequence, 99]");
    expect(filesBelow(join(folder, "onnx"))).toEqual([
      "README.md",
      "config.json",
      "conversion.json",
      "model.onnx",
      "tokenizer.json",
    ]);
    expect(readFileSync(join(folder, "onnx/README.md"), "utf8")).toContain(
      "| output | `last_hidden_state` | float32 [batch, sequence, 32] |",
    );
  });

  test("reads a released checkpoint, whose model then goes on as any other", async () => {
    const official = await convert(release, "ernie", "--format", "official", "--json");
    expect(official.code).toBe(0);
    expect(JSON.parse(official.stdout)).toMatchObject({ missing: [], surplus: [] });
    expect([...readTensors(folder, "ernie/fusion.safetensors").keys()]).toContain("fusion/ernie-thu/layer.1/up/kernel");
    const again = await convert(join(folder, "ernie"), "ernie-again", "--json");
    expect(again.code).toBe(0);
    for (const part of ["model", "fusion"])
      expect(readFileSync(join(folder, `ernie-again/${part}.safetensors`))).toEqual(
        readFileSync(join(folder, `ernie/${part}.safetensors`)),
      );
  });

  test("ends with 2 and one line where something is wrong, and writes nothing", async () => {
    const taken = await convert(model, "model");
    expect(taken).toMatchObject({ code: 2, stdout: "" });
    expect(taken.stderr).toContain("holds what is to be converted");
    const code = await convert(join(root, "tests/golden/pytorch"), "nothing", "--format", "official");
    expect(code.code).toBe(2);
    const unknown = await convert(model, "nothing", "--format", "onx");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("Allowed choices are hf, onnx, official");
    expect(filesBelow(folder).filter((path) => path.startsWith("nothing"))).toEqual([]);
  });
});
