import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type ConfigJson, familyOf } from "@kgraft/encoder";
import { InputError, readJsonFile } from "@kgraft/runtime";
import type { ReleasedTensor } from "./released-files.ts";

/** UER's keys, and config.json's. */
const uerKeys: Readonly<Record<string, string>> = {
  heads_num: "num_attention_heads",
  dropout: "hidden_dropout_prob",
};

/** Heads of 64 numbers, as all of BERT's and RoBERTa's releases have. */
const headSize = 64;

/** Reads the configuration that lies beside released weights under whatever name: `ernie_config.json`, `google_config.json`. */
export async function readReleasedConfig(folder: string): Promise<ConfigJson> {
  const [name] = readdirSync(folder).filter((one) => one.endsWith("config.json") && one !== "tokenizer_config.json");
  if (name === undefined || !existsSync(join(folder, name))) return {};
  return (await readJsonFile(join(folder, name), { code: "convert.official.config" })) as ConfigJson;
}

/**
 * The config.json of a model: what the release states, and sizes as its tensors have them.
 *
 * @param named tensors under the family's names
 * @throws InputError `convert.official.sizes` where the tensors do not tell a size
 */
export function modelConfig(
  stated: ConfigJson,
  modelType: string,
  named: ReadonlyMap<string, ReleasedTensor>,
  at: string,
): ConfigJson {
  const { names, prefix } = familyOf(modelType);
  const shapeOf = (stem: string): readonly number[] => {
    const tensor = named.get(`${prefix}${stem}.weight`);
    if (tensor !== undefined) return tensor.shape;
    throw new InputError({
      code: "convert.official.sizes",
      at,
      problem: `has no tensor for ${prefix}${stem}.weight`,
      wanted: "Wanted every weight of the encoder",
    });
  };
  const [vocabulary, hidden] = shapeOf(names.words) as [number, number];
  const layers = countLayers(named, (index) => `${prefix}${names.layer(index).query}.weight`);
  const known = Object.fromEntries(
    Object.entries(stated).flatMap(([key, value]) => (key in uerKeys ? [[uerKeys[key] as string, value]] : [])),
  );
  return {
    num_attention_heads: hidden / headSize,
    ...(modelType === "roberta" && { layer_norm_eps: 1e-5, pad_token_id: 1 }),
    ...known,
    ...stated,
    model_type: modelType,
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    intermediate_size: shapeOf(names.layer(0).up)[0],
    max_position_embeddings: shapeOf(names.positions)[0],
    type_vocab_size: shapeOf(names.types)[0],
  };
}

function countLayers(named: ReadonlyMap<string, ReleasedTensor>, nameOf: (index: number) => string): number {
  let count = 0;
  while (named.has(nameOf(count))) count++;
  return count;
}
