import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "@kgraft/runtime";
import { loadTokenizer } from "@kgraft/text";
import type { CheckpointWithTokenizer } from "./checkpoint/load-checkpoint.ts";
import { readTokenizerFiles } from "./checkpoint/tokenizer-files.ts";
import { noWeights } from "./checkpoint/weights.ts";
import { readEncoderConfig, writeConfigJson } from "./config.ts";
import type { EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";
import { createEncoder } from "./transformer.ts";

/** Sizes of an encoder that starts at random. */
export interface NewModelSizes {
  /** Default `bert`. */
  readonly modelType?: string | undefined;
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  /** Default 4 times the hidden size. */
  readonly intermediateSize?: number | undefined;
  /** Default 512. */
  readonly maxPositions?: number | undefined;
  /** Of hidden states and attention weights; default the family's. */
  readonly dropout?: number | undefined;
}

/**
 * Describes an encoder of these sizes that holds no weights yet, with the vocabulary of a tokenizer.
 *
 * @param tokenizerPath a tokenizer.json, or the folder of one
 * @throws InputError where sizes do not fit each other or the tokenizer is broken
 */
export async function newModel(sizes: NewModelSizes, tokenizerPath: string): Promise<CheckpointWithTokenizer> {
  const tokenizer = await loadTokenizer(tokenizerPath);
  const { modelType = "bert", hiddenSize, dropout } = sizes;
  const start = readEncoderConfig({ model_type: modelType, ...configKeys(modelType, sizes) }, "encoder");
  const { pad } = tokenizer.special;
  if (pad === undefined) {
    throw new InputError({
      code: "encoder.new.padding",
      at: tokenizerPath,
      problem: "the vocabulary has no padding piece",
      wanted: "Wanted [PAD] or <pad>",
    });
  }
  const json = writeConfigJson({
    ...start,
    vocabularySize: tokenizer.vocabularySize,
    embeddingSize: familyOf(modelType).settings.embeddingSize === undefined ? hiddenSize : start.embeddingSize,
    padTokenId: pad,
    ...(dropout !== undefined && { hiddenDropout: dropout, attentionDropout: dropout }),
  });
  const config: EncoderConfig = readEncoderConfig(json, "encoder");
  const isFolder = statSync(tokenizerPath).isDirectory();
  const folder = isFolder ? tokenizerPath : dirname(tokenizerPath);
  const encoder = createEncoder(config);
  return {
    encoder,
    weights: noWeights,
    tokenizer,
    tokenizerFiles: isFolder
      ? await readTokenizerFiles(folder)
      : new Map([["tokenizer.json", await readFile(tokenizerPath)]]),
    configJson: json,
    fusion: undefined,
    head: undefined,
    missing: encoder.parameters.map(({ name }) => name),
    surplus: [],
    origin: { source: "random", folder },
  };
}

/** The sizes under the family's keys. */
function configKeys(modelType: string, sizes: NewModelSizes): Record<string, unknown> {
  const { settings } = familyOf(modelType, "encoder.modelType");
  const { numLayers, hiddenSize, numHeads, intermediateSize = 4 * hiddenSize, maxPositions = 512 } = sizes;
  const given = { numLayers, hiddenSize, numHeads, intermediateSize, maxPositions };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const setting = settings[name as keyof typeof given];
      return "key" in setting ? [[setting.key, value]] : [];
    }),
  );
}
