import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Checkpoint,
  type CheckpointWithTokenizer,
  type ConfigJson,
  loadCheckpoint,
  saveModel,
  type WeightToSave,
} from "@kgraft/encoder";
import { InputError, writeFileAtomic, writeFolderAtomic } from "@kgraft/runtime";
import { writeSafetensors } from "@kgraft/tensor";
import type { Conversion, ConversionRequest } from "../conversion.ts";
import { storedWeights } from "../hugging-face.ts";
import { bertLayout } from "./bert-layout.ts";
import { adapterAlone, kAdapterLayout } from "./k-adapter-layout.ts";
import { type ReleasedLayout, rename } from "./layout.ts";
import { modelConfig, readReleasedConfig } from "./released-config.ts";
import { openReleasedFiles, type ReleasedFiles, type ReleasedTensor } from "./released-files.ts";
import { type ReleasedFusion, readReleasedFusion } from "./released-fusion.ts";
import { uerLayout } from "./uer-layout.ts";
import { releasedTokenizer } from "./vocabulary-tokenizer.ts";

const layouts: readonly ReleasedLayout[] = [kAdapterLayout, uerLayout, bertLayout];

/**
 * Reads a paper's released checkpoint and writes a model folder: the encoder under its family's names, the strategy's tensors
 * under ours. Nothing of a pickle runs.
 *
 * @throws InputError `convert.official.…` where the folder holds no layout that is known, or lacks a tensor
 */
export async function fromOfficial(request: ConversionRequest): Promise<Conversion> {
  const folder = folderOf(request.source);
  const files = await openReleasedFiles(folder);
  try {
    if ([...files.tensors.keys()].some((name) => adapterAlone.test(name))) return await adapterFolder(files, request);
    return await modelFolder(files, folder, request);
  } finally {
    await files.close();
  }
}

function folderOf(source: string): string {
  if (source.startsWith("file:")) return source.slice("file:".length);
  throw new InputError({
    code: "convert.official.source",
    at: source,
    problem: "is no folder",
    wanted: "Releases are read from a folder that they were unpacked to",
  });
}

async function modelFolder(files: ReleasedFiles, folder: string, request: ConversionRequest): Promise<Conversion> {
  const { source, to, registry } = request;
  const layout = layoutOf(files, folder);
  const stated = await readReleasedConfig(folder);
  const strategy = layout.strategy?.(files.tensors, stated);
  const isLeftOut = (await layout.leftOut?.(files.tensors)) ?? (() => false);
  const { named, left } = rename(layout, files.tensors, isLeftOut);
  const config = { ...modelConfig(stated, layout.modelType, named, folder), ...layout.headKeys?.(files.tensors) };
  const plain = `${to}.encoder`;
  try {
    await writeEncoder(plain, named, config, await releasedTokenizer(folder));
    const checkpoint = await loadEncoder(plain, folder, request);
    const at = { registry, encoder: checkpoint.encoder.config, tokenizer: checkpoint.tokenizer, at: folder };
    const fusion = strategy && (await readReleasedFusion(strategy, files.tensors, at));
    const isRead = (name: string) => fusion?.read.has(name) === true;
    const weights = storedWeights(checkpoint).filter(({ name }) => !isRead(name));
    await saveModel(to, { ...savedParts(checkpoint, fusion), weights, card: card(source, layout, fusion) });
    const surplus = left.filter((name) => !isRead(name));
    const { missing } = checkpoint;
    return { format: "official", from: source, weights: weights.length, missing, surplus, layout: layout.name };
  } finally {
    await rm(plain, { recursive: true, force: true });
  }
}

/** Loads and checks the encoder; errors name the release, not the folder that it was written to on the way. */
async function loadEncoder(
  plain: string,
  release: string,
  { progress }: ConversionRequest,
): Promise<CheckpointWithTokenizer> {
  try {
    return await loadCheckpoint(`file:${plain}`, { progress });
  } catch (thrown) {
    const spoken = (text: string) => text.replaceAll(`${plain}/model.safetensors`, release).replaceAll(plain, release);
    if (thrown instanceof Error) thrown.message = spoken(thrown.message);
    throw thrown;
  }
}

function savedParts({ encoder, configJson, tokenizerFiles }: Checkpoint, fusion: ReleasedFusion | undefined) {
  const [stated] = Array.isArray(configJson.architectures) ? (configJson.architectures as string[]) : [];
  return { config: encoder.config, configJson, tokenizerFiles, architecture: stated, fusion: fusion?.part };
}

function layoutOf({ tensors }: ReleasedFiles, at: string): ReleasedLayout {
  const found = layouts.find(({ sign }) => [...tensors.keys()].some((name) => sign.test(name)));
  if (found !== undefined) return found;
  throw new InputError({
    code: "convert.official.layout",
    at,
    problem: `has no names that are known: ${[...tensors.keys()].slice(0, 3).join(", ")}, …`,
    wanted: `Wanted ${layouts.map(({ name }) => name).join(", ")}, or an adapter of K-Adapter alone`,
    fix: "A model in Hugging Face's layout is read without --format official",
  });
}

/** The encoder as a Hugging Face folder, so that its weights are checked as those of any model. */
async function writeEncoder(
  folder: string,
  named: ReadonlyMap<string, ReleasedTensor>,
  config: ConfigJson,
  tokenizer: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await writeFolderAtomic(folder, async (temporary) => {
    await writeSafetensors(join(temporary, "model.safetensors"), [...named].map(toWrite));
    await writeFileAtomic(join(temporary, "config.json"), JSON.stringify(config));
    for (const [name, content] of tokenizer) await writeFileAtomic(join(temporary, name), content);
  });
}

function toWrite([name, { shape, read }]: readonly [string, ReleasedTensor]): WeightToSave {
  return { name, dtype: "float32", shape, data: async () => Float32Array.from((await read()).data) };
}

/** An adapter that was released alone becomes a folder that `strategies.k-adapter.adapters.<name>.from` reads. */
async function adapterFolder({ tensors }: ReleasedFiles, { source, to }: ConversionRequest): Promise<Conversion> {
  const kept = [...tensors].filter(([name]) => adapterAlone.test(name));
  const surplus = [...tensors.keys()].filter((name) => !adapterAlone.test(name));
  await writeFolderAtomic(to, async (temporary) => {
    await writeSafetensors(join(temporary, "part.safetensors"), kept.map(toWrite));
    const text = `# ${source}\n\nAn adapter of K-Adapter. A config starts from it with \`strategies: { k-adapter: { adapters: { factual: { from: FOLDER } } } }\`.\n`;
    await writeFileAtomic(join(temporary, "README.md"), text);
  });
  return { format: "official", from: source, weights: kept.length, missing: [], surplus, layout: "an adapter alone" };
}

function card(source: string, { name }: ReleasedLayout, fusion: ReleasedFusion | undefined): string {
  const strategy = fusion && (fusion.part.options as { readonly name: string }).name;
  return [
    `# ${source}`,
    "",
    `Converted with kgraft from a released checkpoint with ${name}.`,
    ...(strategy === undefined ? [] : [`The tensors of ${strategy} are in \`fusion.safetensors\`.`]),
    "Its licence is that of the release.",
    "",
  ].join("\n");
}
