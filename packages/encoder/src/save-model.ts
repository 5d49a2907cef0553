import { join } from "node:path";
import { writeFileAtomic, writeFolderAtomic } from "@kgraft/runtime";
import { type HostArray, hostTensors, type TensorToWrite, writeSafetensors } from "@kgraft/tensor";
import { completeTokenizerFiles, type TokenizerFiles } from "./checkpoint/tokenizer-files.ts";
import { type ConfigJson, writeConfigJson } from "./config.ts";
import type { EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";

/** A weight to be saved; its values are asked for when their turn comes. */
export type WeightToSave = TensorToWrite;

/** What goes into a model folder. */
export interface ModelToSave {
  readonly config: EncoderConfig;
  /** Keys to keep: the config.json that the model came with. */
  readonly configJson?: ConfigJson | undefined;
  /** Encoder and heads under the family's names. */
  readonly weights: Iterable<WeightToSave>;
  readonly tokenizerFiles: TokenizerFiles;
  readonly fusion?: { readonly options: unknown; readonly weights: Iterable<readonly [string, HostArray]> } | undefined;
  /** The model card, Markdown. */
  readonly card: string;
}

/**
 * Writes a model folder in Hugging Face's layout, whole or not at all: config.json, model.safetensors, the tokenizer's
 * files, README.md and, for a fused model, fusion.safetensors. What `loadCheckpoint` reads from it is what was given.
 *
 * @throws RunError `runtime.write`
 */
export async function saveModel(folder: string, model: ModelToSave): Promise<void> {
  const weights = [...model.weights];
  const config = configOf(model, weights);
  await writeFolderAtomic(folder, async (temporary) => {
    await writeSafetensors(join(temporary, "model.safetensors"), weights);
    if (model.fusion !== undefined)
      await writeSafetensors(join(temporary, "fusion.safetensors"), hostTensors(model.fusion.weights));
    await writeFileAtomic(join(temporary, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
    for (const [name, content] of completeTokenizerFiles(model.tokenizerFiles, model.config))
      await writeFileAtomic(join(temporary, name), content);
    await writeFileAtomic(join(temporary, "README.md"), model.card);
  });
}

function configOf({ config, configJson, fusion }: ModelToSave, weights: readonly WeightToSave[]): ConfigJson {
  const family = familyOf(config.modelType);
  const json = writeConfigJson(config, configJson);
  const { bias, architecture } = family.maskedLanguageModel;
  const masked = weights.some(({ name }) => name === bias);
  json.architectures = [masked ? architecture : family.architecture];
  json.dtype = "float32";
  delete json.torch_dtype;
  const { fusion: _, ...kept } = (json.kgraft ?? {}) as Record<string, unknown>;
  const kgraft = fusion === undefined ? kept : { ...kept, fusion: fusion.options };
  if (Object.keys(kgraft).length > 0) json.kgraft = kgraft;
  else delete json.kgraft;
  return json;
}
