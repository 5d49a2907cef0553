import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, silent } from "@kgraft/runtime";
import { hostTensors, writeSafetensors } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFamilies, goldenFolder, readArrays } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { convert } from "../index.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-convert-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A golden model with a tokenizer, and other files where they are wanted. */
async function modelFolder(family = "bert", files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(root, `model-${count++}`);
  await cp(goldenFolder(family), folder, { recursive: true });
  await writeFile(join(folder, "tokenizer.json"), tinyTokenizerJson());
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const toHuggingFace = (from: string, to: string, progress: Progress = silent) =>
  convert({ from, to, format: "hf", progress });

describe("to Hugging Face's layout", () => {
  it.each(goldenFamilies)("%s keeps every weight, byte for byte, and every key of config.json", async (family) => {
    const from = await modelFolder(family);
    const to = join(root, `hf-${family}`);
    const { weights, missing } = await toHuggingFace(from, to);
    const [before, after] = [
      await readArrays(join(from, "model.safetensors")),
      await readArrays(join(to, "model.safetensors")),
    ];
    expect([...after]).toEqual([...before]);
    expect(weights).toBe(before.size);
    expect(missing).toEqual([]);
    const json = (folder: string) => readFile(join(folder, "config.json"), "utf8").then((text) => JSON.parse(text));
    expect(await json(to)).toEqual({ ...(await json(from)), dtype: "float32" });
  });

  it("is the identity from the second time on", async () => {
    const [once, twice] = [join(root, "once"), join(root, "twice")];
    await toHuggingFace(await modelFolder(), once);
    await toHuggingFace(once, twice);
    const names = (await readdir(once)).filter((name) => name !== "conversion.json").sort();
    expect(names).toEqual(
      [
        "README.md",
        "config.json",
        "model.safetensors",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
      ].sort(),
    );
    for (const name of names) expect(await readFile(join(twice, name)), name).toEqual(await readFile(join(once, name)));
  });

  it("carries the model card on, and says where a model without one came from", async () => {
    const card = "# Mine\n\nLicence: MIT\n";
    const [kept, made] = [join(root, "card"), join(root, "no-card")];
    await toHuggingFace(await modelFolder("bert", { "README.md": card }), kept);
    expect(await readFile(join(kept, "README.md"), "utf8")).toBe(card);
    const from = await modelFolder();
    await toHuggingFace(from, made);
    expect(await readFile(join(made, "README.md"), "utf8")).toContain(`# file:${from}`);
  });

  it("makes old spellings new, lists what is over and what is missing", async () => {
    const from = await modelFolder();
    const arrays = [...(await readArrays(join(from, "model.safetensors")))].flatMap(([name, array]) =>
      name.includes("pooler") ? [] : ([[name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma"), array]] as const),
    );
    await writeSafetensors(join(from, "model.safetensors"), hostTensors(arrays));
    const notes: string[] = [];
    const to = join(root, "old");
    const told = await toHuggingFace(from, to, { ...silent, note: (text) => void notes.push(text) });
    expect(told.missing).toEqual(["bert.pooler.dense.weight", "bert.pooler.dense.bias"]);
    expect(told.surplus).toEqual(
      expect.arrayContaining(["cls.predictions.bias", "cls.predictions.transform.dense.weight"]),
    );
    expect(notes.join()).toContain("bert.pooler.dense.weight");
    const names = [...(await readArrays(join(to, "model.safetensors"))).keys()];
    expect(names).toContain("bert.embeddings.LayerNorm.weight");
    expect(JSON.parse(await readFile(join(to, "conversion.json"), "utf8"))).toEqual(told);
  });
});

describe("the folder that is written", () => {
  const refused = async (from: string, to: string) => {
    const error = await toHuggingFace(from, to).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ exitCode: 2 });
    return error?.message ?? "";
  };

  it("may be empty or one of its own, which is replaced whole", async () => {
    const to = join(root, "own");
    await mkdir(to);
    await toHuggingFace(await modelFolder(), to);
    await writeFile(join(to, "left over"), "");
    await toHuggingFace(await modelFolder("roberta"), to);
    expect(await readdir(to)).not.toContain("left over");
    expect(await readFile(join(to, "config.json"), "utf8")).toContain('"roberta"');
  });

  it("may not hold anything else, be a file, or be the source or around it", async () => {
    const from = await modelFolder();
    const to = join(root, "taken");
    await mkdir(to);
    await writeFile(join(to, "thesis.md"), "mine");
    expect(await refused(from, to)).toContain("is a folder with a file that kgraft convert did not write");
    expect(await readdir(to)).toEqual(["thesis.md"]);
    expect(await refused(from, join(to, "thesis.md"))).toContain("is a file");
    const own = join(root, "around");
    await toHuggingFace(from, own);
    expect(await refused(own, own)).toContain("holds what is to be converted");
    expect(await refused(`file:${own}`, root)).toContain("holds what is to be converted");
  });

  it("is not touched by a conversion that fails, and nothing is left beside it", async () => {
    const to = join(root, "whole");
    await toHuggingFace(await modelFolder(), to);
    const before = await readFile(join(to, "model.safetensors"));
    const broken = await modelFolder("bert", {
      "config.json": '{"model_type": "bert", "hidden_size": 33, "num_attention_heads": 3}',
    });
    await refused(broken, to);
    expect(await readFile(join(to, "model.safetensors"))).toEqual(before);
    expect((await readdir(root)).filter((name) => name.includes(".tmp"))).toEqual([]);
    expect(await refused(join(root, "nowhere"), join(root, "new"))).toContain("no such folder");
  });
});
