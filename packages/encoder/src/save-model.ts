import { join } from "node:path";
import { writeFileAtomic, writeFolderAtomic } from "@kgraft/runtime";
import { hostTensors, type TensorToWrite, writeSafetensors } from "@kgraft/tensor";
import { type ModelPart, modelParts } from "./checkpoint/model-part.ts";
import { completeTokenizerFiles, type TokenizerFiles } from "./checkpoint/tokenizer-files.ts";
import { type ConfigJson, writeConfigJson } from "./config.ts";
import type { EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";
import type { Family } from "./families/family.ts";

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
  /** A fusion strategy's own tensors. */
  readonly fusion?: ModelPart | undefined;
  /** A task's head. */
  readonly head?: ModelPart | undefined;
  /** What config.json states as architecture, e.g. a head's; default: told from the names of the weights. */
  readonly architecture?: string | undefined;
  /** The model card, Markdown. */
  readonly card: string;
}

/**
 * Writes a model folder in Hugging Face's layout, whole or not at all: config.json, model.safetensors, the tokenizer's
 * files, README.md and, where there are any, fusion.safetensors and head.safetensors. What `loadCheckpoint` reads from it is
 * what was given.
 *
 * Python's `transformers` loads it without a warning where the weights are those of a model that it knows: an encoder alone
 * with its pooler, or an encoder and a head, with the pooler only where a head reads it.
 *
 * @throws RunError `runtime.write`
 */
export async function saveModel(folder: string, model: ModelToSave): Promise<void> {
  const weights = [...model.weights];
  const config = configOf(model, weights);
  await writeFolderAtomic(folder, async (temporary) => {
    await writeSafetensors(join(temporary, "model.safetensors"), weights);
    for (const part of modelParts) {
      const content = model[part];
      if (content !== undefined)
        await writeSafetensors(join(temporary, `${part}.safetensors`), hostTensors(content.weights));
    }
    await writeFileAtomic(join(temporary, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
    for (const [name, content] of completeTokenizerFiles(model.tokenizerFiles, model.config))
      await writeFileAtomic(join(temporary, name), content);
    await writeFileAtomic(join(temporary, "README.md"), model.card);
  });
}

function configOf(model: ModelToSave, weights: readonly WeightToSave[]): ConfigJson {
  const { config, configJson } = model;
  const family = familyOf(config.modelType);
  const json = writeConfigJson(config, configJson);
  json.architectures = [model.architecture ?? architectureOf(family, new Set(weights.map(({ name }) => name)))];
  json.dtype = "float32";
  delete json.torch_dtype;
  const kgraft = { ...(json.kgraft as Record<string, unknown> | undefined) };
  for (const part of modelParts) {
    const content = model[part];
    if (content === undefined) delete kgraft[part];
    else kgraft[part] = content.options;
  }
  if (Object.keys(kgraft).length > 0) json.kgraft = kgraft;
  else delete json.kgraft;
  return json;
}

/** The architecture of an encoder alone, with masked-LM head, or with that and a head of sentence pairs. */
function architectureOf(family: Family, names: ReadonlySet<string>): string {
  if (!names.has(family.maskedLanguageModel.bias)) return family.architecture;
  const beside = Object.values(family.heads).find(
    ({ output, besideMaskedLanguageModel }) => besideMaskedLanguageModel !== undefined && names.has(`${output}.weight`),
  );
  return beside?.besideMaskedLanguageModel ?? family.maskedLanguageModel.architecture;
}
