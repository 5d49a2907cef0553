import { ErrorList, InputError, isRecord, type KgraftError, suggestion } from "@kgraft/runtime";
import type { Activation, EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";
import type { Family, FamilySettings, Setting } from "./families/family.ts";

/** The content of a config.json: every key is kept, known or not. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** Names of activations in config.json, and ours. */
const activations: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

/** Keys that would change the computation, with the one value that is computed here. */
const commonOnly: Readonly<Record<string, unknown>> = {
  is_decoder: false,
  is_encoder_decoder: false,
  add_cross_attention: false,
  position_embedding_type: "absolute",
  pruned_heads: {},
  quantization_config: null,
};

type NumberKey = Exclude<keyof FamilySettings, "activation">;
const positiveIntegers: ReadonlySet<string> = new Set([
  "vocabularySize",
  "hiddenSize",
  "embeddingSize",
  "numLayers",
  "layerGroups",
  "numHeads",
  "intermediateSize",
  "maxPositions",
]);

/**
 * Reads the sizes of an encoder from the content of its config.json.
 *
 * @param at the file, for errors
 * @throws InputError `encoder.config.…` (several as one ErrorList) naming every key that is missing, mistyped or stands for something that is not computed here
 */
export function readEncoderConfig(json: unknown, at: string): EncoderConfig {
  if (!isRecord(json)) {
    throw new InputError({
      code: "encoder.config.type",
      at,
      problem: "is not a JSON object",
      wanted: "Wanted a model's config.json",
    });
  }
  if (typeof json.model_type !== "string") {
    throw new InputError({
      code: "encoder.config.model-type",
      at,
      problem: `model_type is ${show(json.model_type)}`,
      wanted: 'Wanted the family of the model, as "bert"',
      fix: "A config.json of Hugging Face's layout has this key: is this the model's own folder?",
    });
  }
  const reader = new SettingReader(json, familyOf(json.model_type, at), at);
  return reader.read();
}

class SettingReader {
  readonly #json: ConfigJson;
  readonly #family: Family;
  readonly #at: string;
  readonly #errors: KgraftError[] = [];

  constructor(json: ConfigJson, family: Family, at: string) {
    this.#json = json;
    this.#family = family;
    this.#at = at;
  }

  read(): EncoderConfig {
    const { settings } = this.#family;
    const hiddenSize = this.#number("hiddenSize", settings.hiddenSize);
    const numLayers = this.#number("numLayers", settings.numLayers);
    const config: EncoderConfig = {
      modelType: this.#family.modelType,
      vocabularySize: this.#number("vocabularySize", settings.vocabularySize),
      hiddenSize,
      embeddingSize:
        settings.embeddingSize === undefined ? hiddenSize : this.#number("embeddingSize", settings.embeddingSize),
      numLayers,
      ...(settings.layerGroups && { layerGroups: this.#number("layerGroups", settings.layerGroups) }),
      numHeads: this.#number("numHeads", settings.numHeads),
      intermediateSize: this.#number("intermediateSize", settings.intermediateSize),
      activation: this.#activation(settings.activation),
      maxPositions: this.#number("maxPositions", settings.maxPositions),
      typeVocabularySize: this.#number("typeVocabularySize", settings.typeVocabularySize),
      layerNormEpsilon: this.#number("layerNormEpsilon", settings.layerNormEpsilon),
      padTokenId: this.#number("padTokenId", settings.padTokenId),
      hiddenDropout: this.#number("hiddenDropout", settings.hiddenDropout),
      attentionDropout: this.#number("attentionDropout", settings.attentionDropout),
      initializerRange: this.#number("initializerRange", settings.initializerRange),
    };
    this.#refuseUnsupported({ ...commonOnly, ...this.#family.only });
    this.#checkTogether(config);
    const [first, ...others] = this.#errors;
    if (first !== undefined) throw others.length === 0 ? first : new ErrorList([first, ...others]);
    return config;
  }

  #number(name: NumberKey, setting: Setting<number>): number {
    if (!("key" in setting)) return setting.fixed;
    const value = this.#json[setting.key] ?? setting.default;
    const wanted = rangeOf(name);
    if (typeof value === "number" && wanted.holds(value)) return value;
    this.#report("encoder.config.value", `${setting.key} is ${show(value)}`, `Wanted ${wanted.words}`);
    return setting.default;
  }

  #activation(setting: Setting<string>): Activation {
    const name = "key" in setting ? (this.#json[setting.key] ?? setting.default) : setting.fixed;
    const found = typeof name === "string" && Object.hasOwn(activations, name) ? activations[name] : undefined;
    if (found !== undefined) return found;
    const names = Object.keys(activations);
    const problem = `${"key" in setting ? setting.key : "activation"} is ${show(name)}`;
    this.#report(
      "encoder.config.activation",
      problem,
      `Wanted one of ${names.join(", ")}`,
      suggestion(String(name), names),
    );
    return "gelu";
  }

  #refuseUnsupported(only: Readonly<Record<string, unknown>>): void {
    for (const [key, wanted] of Object.entries(only)) {
      const value = this.#json[key];
      if (value === undefined || value === null || JSON.stringify(value) === JSON.stringify(wanted)) continue;
      this.#report(
        "encoder.config.unsupported",
        `${key} is ${show(value)}`,
        wanted === null ? "Only checkpoints without it are computed here" : `Only ${show(wanted)} is computed here`,
      );
    }
  }

  #checkTogether(config: EncoderConfig): void {
    if (config.hiddenSize % config.numHeads !== 0) {
      this.#report(
        "encoder.config.heads",
        `hidden size ${config.hiddenSize} is not a multiple of ${config.numHeads} attention heads`,
        "Wanted heads of one size",
      );
    }
    if (config.layerGroups !== undefined && config.numLayers % config.layerGroups !== 0) {
      this.#report(
        "encoder.config.groups",
        `${config.numLayers} layers do not divide into ${config.layerGroups} groups`,
        "Wanted groups of one size",
      );
    }
    if (config.padTokenId >= config.vocabularySize) {
      this.#report(
        "encoder.config.padding",
        `the padding id ${config.padTokenId} is outside the vocabulary of ${config.vocabularySize}`,
        `Wanted an id from 0 to ${config.vocabularySize - 1}`,
      );
    }
  }

  #report(code: string, problem: string, wanted: string, fix?: string): void {
    this.#errors.push(new InputError({ code, at: this.#at, problem, wanted, fix }));
  }
}

function rangeOf(name: NumberKey): { readonly words: string; holds(value: number): boolean } {
  if (positiveIntegers.has(name))
    return { words: "an integer from 1 on", holds: (value) => Number.isSafeInteger(value) && value >= 1 };
  if (name === "padTokenId" || name === "typeVocabularySize")
    return { words: "an integer from 0 on", holds: (value) => Number.isSafeInteger(value) && value >= 0 };
  if (name === "layerNormEpsilon" || name === "initializerRange")
    return { words: "a number above 0", holds: (value) => Number.isFinite(value) && value > 0 };
  return { words: "a rate from 0 to below 1", holds: (value) => value >= 0 && value < 1 };
}

/**
 * Writes sizes under a family's own config.json keys, complete enough for `transformers` to rebuild the model.
 *
 * Keys that `kept` already holds keep their value where it means the same.
 */
export function writeConfigJson(config: EncoderConfig, kept: ConfigJson = {}): Record<string, unknown> {
  const family = familyOf(config.modelType);
  const json: Record<string, unknown> = { ...kept, model_type: config.modelType };
  const values: Readonly<Record<string, unknown>> = { ...config };
  for (const [name, setting] of Object.entries(family.settings) as [keyof FamilySettings, Setting<number | string>][]) {
    if (!("key" in setting)) continue;
    if (name === "activation") {
      const known = json[setting.key] ?? setting.default;
      json[setting.key] = activations[String(known)] === config.activation ? known : spell(config.activation);
    } else json[setting.key] = values[name];
  }
  return json;
}

function spell(activation: Activation): string {
  return Object.entries(activations).find(([, ours]) => ours === activation)?.[0] ?? activation;
}

const show = (value: unknown): string => (value === undefined ? "missing" : JSON.stringify(value));
