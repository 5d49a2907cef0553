import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { goldenFamilies, goldenFolder } from "../../../tests/golden/golden.ts";
import { checkInput, maxLength, readEncoderConfig, writeConfigJson } from "./index.ts";

const bert = { model_type: "bert", hidden_size: 32, num_attention_heads: 4 };
const read = (change: Record<string, unknown>) => () => readEncoderConfig({ ...bert, ...change }, "m/config.json");

describe("readEncoderConfig", () => {
  it("reads a family's keys, and its defaults where they are absent", () => {
    expect(readEncoderConfig(bert, "m/config.json")).toEqual({
      modelType: "bert",
      vocabularySize: 30522,
      hiddenSize: 32,
      embeddingSize: 32,
      numLayers: 12,
      numHeads: 4,
      intermediateSize: 3072,
      activation: "gelu",
      maxPositions: 512,
      typeVocabularySize: 2,
      layerNormEpsilon: 1e-12,
      padTokenId: 0,
      hiddenDropout: 0.1,
      attentionDropout: 0.1,
      initializerRange: 0.02,
    });
    const distilbert = readEncoderConfig({ model_type: "distilbert", dim: 12, n_heads: 3, n_layers: 2 }, "c");
    expect(distilbert).toMatchObject({
      hiddenSize: 12,
      embeddingSize: 12,
      numHeads: 3,
      numLayers: 2,
      typeVocabularySize: 0,
    });
    expect(readEncoderConfig({ model_type: "albert" }, "c")).toMatchObject({
      activation: "gelu-tanh",
      embeddingSize: 128,
      layerGroups: 1,
      hiddenDropout: 0,
    });
    expect(readEncoderConfig({ model_type: "roberta" }, "c")).toMatchObject({ padTokenId: 1, vocabularySize: 50265 });
  });

  it.each(goldenFamilies)("writes what it read, all keys kept: %s", async (family) => {
    const json = JSON.parse(await readFile(`${goldenFolder(family)}/config.json`, "utf8"));
    const config = readEncoderConfig(json, "config.json");
    expect(writeConfigJson(config, json)).toEqual({ ...json, ...writeConfigJson(config) });
    expect(readEncoderConfig(writeConfigJson(config), "config.json")).toEqual(config);
  });

  it("keeps the spelling of an activation and writes a changed one", () => {
    const config = readEncoderConfig({ ...bert, hidden_act: "gelu_pytorch_tanh" }, "c");
    expect(config.activation).toBe("gelu-tanh");
    expect(writeConfigJson(config, { hidden_act: "gelu_pytorch_tanh" }).hidden_act).toBe("gelu_pytorch_tanh");
    expect(writeConfigJson({ ...config, activation: "silu" }, { hidden_act: "gelu" }).hidden_act).toBe("silu");
  });

  it("names what it cannot compute", () => {
    expect(read({ is_decoder: true })).toThrow("m/config.json: is_decoder is true. Only false is computed here.");
    expect(read({ position_embedding_type: "relative_key" })).toThrow(
      'm/config.json: position_embedding_type is "relative_key". Only "absolute" is computed here.',
    );
    expect(read({ pruned_heads: { 1: [0] } })).toThrow(
      'm/config.json: pruned_heads is {"1":[0]}. Only {} is computed here.',
    );
    expect(read({ quantization_config: { bits: 4 } })).toThrow("Only checkpoints without it are computed here.");
    expect(read({ model_type: "albert", num_attention_heads: 4, inner_group_num: 2 })).toThrow(
      "m/config.json: inner_group_num is 2. Only 1 is computed here.",
    );
    expect(read({ hidden_act: "gelu_nwe" })).toThrow(
      'm/config.json: hidden_act is "gelu_nwe". Wanted one of gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh. Did you mean "gelu_new"?',
    );
    expect(read({ model_type: "robertta" })).toThrow(
      'm/config.json: model_type is "robertta". Wanted one of bert, roberta, xlm-roberta, distilbert, albert, electra, uer-bert. Did you mean "roberta"?',
    );
  });

  it("names every value that makes no sense, all at once", () => {
    expect(read({ hidden_size: 30, num_hidden_layers: 0, hidden_dropout_prob: 1, layer_norm_eps: "1e-5" })).toThrow(
      [
        "m/config.json: num_hidden_layers is 0. Wanted an integer from 1 on.",
        'm/config.json: layer_norm_eps is "1e-5". Wanted a number above 0.',
        "m/config.json: hidden_dropout_prob is 1. Wanted a rate from 0 to below 1.",
        "m/config.json: hidden size 30 is not a multiple of 4 attention heads. Wanted heads of one size.",
      ].join("\n"),
    );
    expect(read({ vocab_size: 5, pad_token_id: 5 })).toThrow(
      "the padding id 5 is outside the vocabulary of 5. Wanted an id from 0 to 4.",
    );
    expect(read({ model_type: undefined })).toThrow(
      'm/config.json: model_type is missing. Wanted the family of the model, as "bert".',
    );
    expect(() => readEncoderConfig([1], "m/config.json")).toThrow("m/config.json: is not a JSON object.");
    expect(read({ model_type: "albert", num_attention_heads: 4, num_hidden_groups: 5 })).toThrow(
      "12 layers do not divide into 5 groups.",
    );
  });
});

describe("checkInput", () => {
  const config = readEncoderConfig({ ...bert, vocab_size: 99, max_position_embeddings: 64 }, "c");
  const roberta = readEncoderConfig({ model_type: "roberta", max_position_embeddings: 514 }, "c");

  it("knows how many pieces fit", () => {
    expect(maxLength(config)).toBe(64);
    expect(maxLength(roberta)).toBe(512);
    expect(() => checkInput(config, { length: 64, maxId: 98, maxTypeId: 1 })).not.toThrow();
    expect(() => checkInput(config, { length: 90, maxId: 98, maxPosition: 63 })).not.toThrow();
  });

  it("names what lies beyond a table", () => {
    expect(() => checkInput(roberta, { length: 513, maxId: 3 }, 'text "a"')).toThrow(
      'text "a": a row of 513 pieces. The model takes at most 512. Set the length limit to 512 or less.',
    );
    expect(() => checkInput(config, { length: 3, maxId: 99 })).toThrow(
      "encoder.input: piece id 99 is outside a table of 99 rows. Use the tokenizer that the model was trained with.",
    );
    expect(() => checkInput(config, { length: 3, maxId: 9, maxPosition: 64 })).toThrow(
      "position id 64 is outside a table of 64",
    );
    expect(() => checkInput(config, { length: 3, maxId: 9, maxTypeId: 2 })).toThrow(
      "type id 2 is outside a table of 2 rows",
    );
  });
});
