import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "@kgraft/encoder";
import { silent } from "@kgraft/runtime";
import { type HostArray, hostTensors, PyTorchFile, writeSafetensors } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArrays } from "../../../../../tests/golden/golden.ts";
import { type Conversion, convert } from "../../index.ts";

const released = (name: string): string =>
  fileURLToPath(new URL(`../../../../../tests/golden/pytorch/releases/${name}`, import.meta.url));
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-official-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function readReleased(...path: string[]): Promise<ReadonlyMap<string, HostArray>> {
  const file = await PyTorchFile.open(join(...path));
  const arrays = new Map<string, HostArray>();
  for (const name of file.names()) arrays.set(name, await file.read(name));
  await file.close();
  return arrays;
}

async function converted(name: string): Promise<{ readonly to: string; readonly told: Conversion }> {
  const to = join(root, name);
  return { to, told: await convert({ from: released(name), to, format: "official", progress: silent }) };
}

/** `weight` and `bias` of each pair. */
const both = (pairs: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(pairs).flatMap(([ours, theirs]) =>
    ["weight", "bias"].map((kind): [string, string] => [`${ours}.${kind}`, `${theirs}.${kind}`]),
  );

function expectEqual(
  ours: ReadonlyMap<string, HostArray>,
  theirs: ReadonlyMap<string, HostArray>,
  pairs: readonly [string, string][],
): void {
  for (const [mine, official] of pairs) {
    expect(ours.get(mine)?.shape, mine).toEqual(theirs.get(official)?.shape);
    expect([...(ours.get(mine)?.data ?? [])], `${mine} is ${official}`).toEqual([
      ...(theirs.get(official)?.data ?? [1]),
    ]);
  }
}

describe("ERNIE-THU's release", () => {
  let ours: ReadonlyMap<string, HostArray>;
  let fusion: ReadonlyMap<string, HostArray>;
  let theirs: ReadonlyMap<string, HostArray>;
  let told: Conversion;
  let to: string;
  beforeAll(async () => {
    ({ to, told } = await converted("ernie-thu"));
    ours = await readArrays(join(to, "model.safetensors"));
    fusion = await readArrays(join(to, "fusion.safetensors"));
    theirs = await readReleased(released("ernie-thu"), "pytorch_model.bin");
  });

  it("becomes an encoder with BERT's heads and the strategy's own tensors, each what it was", () => {
    const same = [...ours.keys()].filter((name) => theirs.has(name)).map((name): [string, string] => [name, name]);
    expect(same.length).toBe(5 + 2 * 16 + 2 + 3 + 2);
    expectEqual(ours, theirs, same);
    const layer = "bert.encoder.layer.1";
    expectEqual(fusion, theirs, [
      ["fusion/ernie-thu/layer.1/attention/query/kernel", `${layer}.attention.self_ent.query.weight`],
      ["fusion/ernie-thu/layer.1/attention/norm/gain", `${layer}.attention.output_ent.LayerNorm.weight`],
      ["fusion/ernie-thu/layer.0/up/kernel", "bert.encoder.layer.0.intermediate.dense_ent.weight"],
      ["fusion/ernie-thu/layer.1/down/bias", `${layer}.output.dense_ent.bias`],
      ["fusion/ernie-thu/layer.1/norm/bias", `${layer}.output.LayerNorm_ent.bias`],
      ["fusion/ernie-thu/alignment/transform/kernel", "cls.predictions_ent.transform.dense.weight"],
      ["fusion/ernie-thu/alignment/norm/gain", "cls.predictions_ent.transform.LayerNorm.gamma"],
    ]);
  });

  it("reads old spellings, leaves the tied decoder out, and has nothing over", () => {
    expectEqual(ours, theirs, [
      ["cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.gamma"],
    ]);
    expect([...ours.keys()].filter((name) => name.includes("decoder") || name.includes("_ent"))).toEqual([]);
    expect(told).toMatchObject({ format: "official", missing: [], layout: "BERT's names (ERNIE-THU, KG-BERT)" });
    expect(told.surplus).toEqual([]);
  });

  it("loads as any model: tokenizer, sizes, options of the strategy", async () => {
    const { encoder, tokenizer, fusion: part } = await loadCheckpoint(`file:${to}`);
    expect(encoder.config).toMatchObject({ modelType: "bert", hiddenSize: 12, numLayers: 2, intermediateSize: 10 });
    expect(tokenizer.encode("Cab").tokens).toEqual(["[CLS]", "c", "##a", "##b", "[SEP]"]);
    expect(part?.options).toMatchObject({
      name: "ernie-thu",
      strategies: { "ernie-thu": { layerTypes: ["mix", "norm"], vectorNorm: "as-given" } },
    });
  });

  it("goes on to ONNX", async () => {
    const { inputs } = await convert({ from: to, to: `${to}-onnx`, format: "onnx", progress: silent });
    expect(inputs).toMatchObject({ entity_ids: "int64 [batch, sequence]", entity_vectors: "float32 [entities+1, 8]" });
  });
});

describe("K-BERT's release, with UER's names", () => {
  const layer = (i: number) => ({
    [`bert.encoder.layer.${i}.attention.self.query`]: `encoder.transformer.${i}.self_attn.linear_layers.0`,
    [`bert.encoder.layer.${i}.attention.self.key`]: `encoder.transformer.${i}.self_attn.linear_layers.1`,
    [`bert.encoder.layer.${i}.attention.self.value`]: `encoder.transformer.${i}.self_attn.linear_layers.2`,
    [`bert.encoder.layer.${i}.attention.output.dense`]: `encoder.transformer.${i}.self_attn.final_linear`,
    [`bert.encoder.layer.${i}.intermediate.dense`]: `encoder.transformer.${i}.feed_forward.linear_1`,
    [`bert.encoder.layer.${i}.output.dense`]: `encoder.transformer.${i}.feed_forward.linear_2`,
  });
  const shared: [string, string][] = [
    ["bert.embeddings.word_embeddings.weight", "embedding.word_embedding.weight"],
    ["bert.embeddings.position_embeddings.weight", "embedding.position_embedding.weight"],
    ["bert.embeddings.LayerNorm.weight", "embedding.layer_norm.gamma"],
    ["bert.embeddings.LayerNorm.bias", "embedding.layer_norm.beta"],
    ["bert.encoder.layer.1.attention.output.LayerNorm.weight", "encoder.transformer.1.layer_norm_1.gamma"],
    ["bert.encoder.layer.1.output.LayerNorm.bias", "encoder.transformer.1.layer_norm_2.beta"],
    ...both({ ...layer(0), ...layer(1) }),
  ];

  it("becomes UER's encoder with its pre-training heads; the segment row of padding is left out", async () => {
    const { to, told } = await converted("k-bert");
    const ours = await readArrays(join(to, "model.safetensors"));
    const theirs = await readReleased(released("k-bert"), "google_model.bin");
    expectEqual(ours, theirs, [
      ...shared,
      ...both({
        "bert.pooler.dense": "target.nsp_linear_1",
        "cls.seq_relationship": "target.nsp_linear_2",
        "cls.predictions.transform.dense": "target.mlm_linear_1",
      }),
      ["cls.predictions.transform.LayerNorm.weight", "target.layer_norm.gamma"],
      ["cls.predictions.bias", "target.mlm_linear_2.bias"],
    ]);
    const types = theirs.get("embedding.segment_embedding.weight")?.data ?? [];
    expect([...(ours.get("bert.embeddings.token_type_embeddings.weight")?.data ?? [])]).toEqual([...types.slice(12)]);
    expect(told).toMatchObject({ missing: [], surplus: [], layout: "UER's names (K-BERT)" });
    const { encoder } = await loadCheckpoint(`file:${to}`);
    expect(encoder.config).toMatchObject({ modelType: "uer-bert", numHeads: 2, typeVocabularySize: 2 });
  });

  it("of a classifier keeps the classifier: its first layer is BERT's pooler", async () => {
    const { to } = await converted("k-bert-classifier");
    const ours = await readArrays(join(to, "model.safetensors"));
    const theirs = await readReleased(released("k-bert-classifier"), "class_model.bin");
    expectEqual(ours, theirs, [
      ...shared,
      ...both({ "bert.pooler.dense": "output_layer_1", classifier: "output_layer_2" }),
    ]);
    const json = JSON.parse(await readFile(join(to, "config.json"), "utf8"));
    expect(json).toMatchObject({ architectures: ["BertForSequenceClassification"], id2label: { 2: "LABEL_2" } });
  });
});

it("KG-BERT's scripts save BERT with a classifier of triples", async () => {
  const { to, told } = await converted("kg-bert");
  const ours = await readArrays(join(to, "model.safetensors"));
  const theirs = await readReleased(released("kg-bert"), "pytorch_model.bin");
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  expectEqual(
    ours,
    theirs,
    [...theirs.keys()].map((name) => [name, name]),
  );
  expect(told.surplus).toEqual([]);
  const { outputs } = await convert({ from: to, to: `${to}-onnx`, format: "onnx", progress: silent });
  expect(outputs).toMatchObject({ logits: "float32 [batch, 2]" });
});

describe("K-Adapter", () => {
  it("fine-tuned is RoBERTa with both adapters and how tasks read them", async () => {
    const { to, told } = await converted("k-adapter");
    const [ours, fusion] = [
      await readArrays(join(to, "model.safetensors")),
      await readArrays(join(to, "fusion.safetensors")),
    ];
    const backbone = await readReleased(released("k-adapter"), "pytorch_pretrained_model.bin");
    const adapters = await readReleased(released("k-adapter"), "pytorch_model.bin");
    expectEqual(
      ours,
      backbone,
      [...backbone.keys()].map((name) => [name.replace(/^model\./, "roberta."), name]),
    );
    const side = (name: string, i: number) => `fusion/k-adapter/${name}/adapter.${i}`;
    expectEqual(
      fusion,
      adapters,
      both({
        [`${side("factual", 0)}.down_project`]: "fac_adapter.adapter.0.down_project",
        [`${side("linguistic", 2)}.encoder.layer.1.attention.self.key`]:
          "lin_adapter.adapter.2.encoder.layer.1.attention.self.key",
        [`${side("factual", 1)}.encoder.layer.0.output.LayerNorm`]:
          "fac_adapter.adapter.1.encoder.layer.0.output.LayerNorm",
      }),
    );
    expect(fusion.size).toBe(adapters.size - 4);
    expect([...told.surplus].sort()).toEqual(["dense.bias", "dense.weight", "out_proj.bias", "out_proj.weight"]);
    const { encoder } = await loadCheckpoint(`file:${to}`);
    expect(encoder.config).toMatchObject({
      modelType: "roberta",
      layerNormEpsilon: 1e-5,
      maxPositions: 18,
      padTokenId: 1,
    });
  });

  it("alone becomes a folder that a config starts from", async () => {
    const { to, told } = await converted("fac-adapter");
    const ours = await readArrays(join(to, "part.safetensors"));
    const theirs = await readReleased(released("fac-adapter"), "pytorch_model.bin");
    const names = [...ours.keys()].map((name): [string, string] => [name, name]);
    expect(names).toHaveLength(3 * (4 + 2 * 16));
    expectEqual(ours, theirs, names);
    expect(told.surplus).toEqual([
      "com_dense.weight",
      "com_dense.bias",
      "dense.weight",
      "dense.bias",
      "out_proj.weight",
      "out_proj.bias",
    ]);
  });
});

describe("what does not fit is refused, and nothing is left behind", () => {
  /** A release with some tensors taken out, renamed or cut. */
  async function changed(name: string, change: (arrays: Map<string, HostArray>) => void): Promise<string> {
    const folder = join(root, "changed");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await cp(released(name), folder, { recursive: true });
    const arrays = new Map(await readReleased(folder, "pytorch_model.bin"));
    change(arrays);
    await rm(join(folder, "pytorch_model.bin"));
    await writeSafetensors(join(folder, "pytorch_model.safetensors"), hostTensors(arrays));
    return folder;
  }
  const refused = async (from: string) => {
    const to = join(root, "refused");
    const error = await convert({ from, to, format: "official", progress: silent }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    await expect(readFile(join(to, "config.json"))).rejects.toThrow("ENOENT");
    expect(error).toMatchObject({ exitCode: 2 });
    return error?.message ?? "";
  };

  it("a tensor that is missing, of the encoder or of the strategy", async () => {
    const key = "bert.encoder.layer.1.attention.self.key.weight";
    expect(await refused(await changed("ernie-thu", (arrays) => arrays.delete(key)))).toContain(
      `${join(root, "changed")}: lacks 1 weight: ${key} [12, 12]`,
    );
    const down = "bert.encoder.layer.1.output.dense_ent.weight";
    expect(await refused(await changed("ernie-thu", (arrays) => arrays.delete(down)))).toContain(
      `lacks ${down} [8, 10]`,
    );
  });

  it("a tensor of another shape", async () => {
    const up = "bert.encoder.layer.1.intermediate.dense_ent.bias";
    const folder = await changed("ernie-thu", (arrays) =>
      arrays.set(up, { dtype: "float32", shape: [3], data: new Float32Array(3) }),
    );
    expect(await refused(folder)).toContain(`${up} is [3], wanted [10]`);
  });

  it("names of no known release, no weights, no tokenizer, a file that would run code", async () => {
    const other = await changed("kg-bert", (arrays) => {
      for (const [name, array] of [...arrays]) arrays.delete(name) && arrays.set(`gpt.${name}`, array);
    });
    expect(await refused(other)).toContain("has no names that are known: gpt.");
    expect(await refused(join(root, "none"))).toContain("no such folder");
    const bare = await changed("kg-bert", () => undefined);
    await rm(join(bare, "vocab.txt"));
    expect(await refused(bare)).toContain("has neither tokenizer.json nor vocab.txt");
    await rm(join(bare, "pytorch_model.safetensors"));
    expect(await refused(bare)).toContain("has no file of weights");
    await cp(
      fileURLToPath(new URL("../../../../../tests/golden/pytorch/code.bin", import.meta.url)),
      join(bare, "pytorch_model.bin"),
    );
    expect(await refused(bare)).toMatch(/names \w+\.system/);
    await writeFile(join(bare, "pytorch_model.bin"), "");
    expect(await refused(bare)).toContain("is no file that torch.save wrote");
  });
});
