import { InputError, messageOf, suggestion } from "@kgraft/runtime";
import { z } from "zod";
import type { Tokenizer } from "../encoding.ts";
import { type AddedToken, addedTokenSchema } from "./added-tokens.ts";
import { bertNormalizer, bertNormalizerSchema } from "./bert-normalizer.ts";
import { bertPreTokenizer } from "./bert-pre-tokenizer.ts";
import { byteLevel, byteLevelSchema } from "./byte-level.ts";
import { bytePairEncoding, bytePairSchema } from "./byte-pair-encoding.ts";
import type { Model, Normalizer, PreTokenizer, Template, TemplateItem } from "./components.ts";
import type { TokenizerConfig } from "./load-tokenizer.ts";
import { metaspace, metaspaceSchema, preTokenizerSequence, whitespaceSplit } from "./metaspace.ts";
import { lowercase, nfd, nfkd, normalizerSequence, replaceSchema, replaceText, stripAccents } from "./normalizers.ts";
import type { TokenizerParts } from "./pipeline-tokenizer.ts";
import { precompiled, precompiledSchema } from "./precompiled.ts";
import * as templates from "./template.ts";
import { unigram, unigramSchema } from "./unigram.ts";
import { wordPiece, wordPieceSchema } from "./word-piece.ts";

/** Makes a component of one `type` from its JSON. */
type Reader<Made> = (json: unknown, at: string) => Made;

function reader<Schema extends z.ZodType, Made>(
  schema: Schema,
  make: (options: z.output<Schema>) => Made,
): Reader<Made> {
  return (json, at) => {
    const read = schema.safeParse(json);
    if (!read.success) throw broken(at, read.error);
    try {
      return make(read.data);
    } catch (cause) {
      throw new InputError({ code: "text.tokenizer.component", at, problem: messageOf(cause), cause });
    }
  };
}

const normalizers: Readonly<Record<string, Reader<Normalizer>>> = {
  BertNormalizer: reader(bertNormalizerSchema, bertNormalizer),
  Lowercase: reader(z.object({}), () => lowercase),
  NFD: reader(z.object({}), () => nfd),
  NFKD: reader(z.object({}), () => nfkd),
  Precompiled: reader(precompiledSchema, precompiled),
  Replace: reader(replaceSchema, replaceText),
  StripAccents: reader(z.object({}), () => stripAccents),
  Sequence: (json, at) => normalizerSequence(members(normalizers, json, "normalizers", at)),
};

const preTokenizers: Readonly<Record<string, Reader<PreTokenizer>>> = {
  BertPreTokenizer: reader(z.object({}), () => bertPreTokenizer),
  ByteLevel: reader(byteLevelSchema, byteLevel),
  Metaspace: reader(metaspaceSchema, metaspace),
  WhitespaceSplit: reader(z.object({}), () => whitespaceSplit),
  Sequence: (json, at) => preTokenizerSequence(members(preTokenizers, json, "pretokenizers", at)),
};

const models: Readonly<Record<string, Reader<Model>>> = {
  WordPiece: reader(wordPieceSchema, wordPiece),
  BPE: reader(bytePairSchema, bytePairEncoding),
  Unigram: reader(unigramSchema, unigram),
};

const postProcessors: Readonly<Record<string, Reader<Template>>> = {
  TemplateProcessing: reader(templates.templateProcessingSchema, templates.templateProcessing),
  BertProcessing: reader(templates.bertProcessingSchema, templates.bertProcessing),
  RobertaProcessing: reader(templates.robertaProcessingSchema, templates.robertaProcessing),
  ByteLevel: reader(byteLevelSchema, ({ trim_offsets, add_prefix_space }) => ({
    ...templates.plainTemplate,
    trimOffsets: trim_offsets ? { addPrefixSpace: add_prefix_space } : undefined,
  })),
};

const fileSchema = z.object({
  added_tokens: z.array(addedTokenSchema).nullish(),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  model: z.unknown(),
  post_processor: z.unknown(),
});

/**
 * Reads the stages of a tokenizer file.
 *
 * @param at the file, for errors
 */
export function readTokenizer(json: unknown, at: string, config: TokenizerConfig): TokenizerParts {
  const read = fileSchema.safeParse(json);
  if (!read.success) throw broken(at, read.error);
  const file = read.data;
  const normalizer = component(normalizers, file.normalizer, `${at}: normalizer`);
  const model = component(models, file.model, `${at}: model`);
  if (model === undefined)
    throw new InputError({
      code: "text.tokenizer.model",
      at,
      problem: "has no model",
      wanted: "Wanted a tokenizer.json",
    });
  assertUnknownToken(model, at);
  assertSameCase(file.normalizer, config, at);
  const template = component(postProcessors, file.post_processor, `${at}: post_processor`) ?? templates.plainTemplate;
  const addedTokens = file.added_tokens ?? [];
  return {
    normalizer,
    preTokenizer: component(preTokenizers, file.pre_tokenizer, `${at}: pre_tokenizer`),
    model,
    template,
    addedTokens,
    special: specialRoles(model, addedTokens, template, config),
  };
}

function component<Made>(readers: Readonly<Record<string, Reader<Made>>>, json: unknown, at: string): Made | undefined {
  if (json === undefined || json === null) return undefined;
  const type = String((json as { type?: unknown }).type);
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined)
    throw new InputError({
      code: "text.tokenizer.unsupported",
      at,
      problem: `the type ${JSON.stringify(type)} is not supported`,
      wanted: `Supported: ${Object.keys(readers).join(", ")}`,
      fix: suggestion(type, Object.keys(readers)),
    });
  return read(json, at);
}

/** The components of a sequence. */
function members<Made>(
  readers: Readonly<Record<string, Reader<Made>>>,
  json: unknown,
  key: string,
  at: string,
): readonly Made[] {
  const read = z.object({ [key]: z.array(z.unknown()) }).safeParse(json);
  if (!read.success) throw broken(at, read.error);
  return (read.data[key] as readonly unknown[]).flatMap(
    (one, i) => component(readers, one, `${at}.${key}[${i}]`) ?? [],
  );
}

function assertUnknownToken(model: Model, at: string): void {
  if (model.unknownToken === undefined || model.vocabulary.has(model.unknownToken)) return;
  throw new InputError({
    code: "text.tokenizer.unknownToken",
    at: `${at}: model.unk_token`,
    problem: `the unknown token ${JSON.stringify(model.unknownToken)} is not in the vocabulary`,
    wanted: "Wanted one of its pieces",
  });
}

/** A cased file beside a lower-casing configuration would give plausible, wrong ids. */
function assertSameCase(normalizer: unknown, config: TokenizerConfig, at: string): void {
  const read = bertNormalizerSchema.safeParse(normalizer);
  if (!read.success || config.do_lower_case == null || config.do_lower_case === read.data.lowercase) return;
  throw new InputError({
    code: "text.tokenizer.case",
    at: `${at}: normalizer.lowercase`,
    problem: `is ${read.data.lowercase}, and do_lower_case in tokenizer_config.json beside it is ${config.do_lower_case}`,
    fix: "Find out which one the model was trained with and correct the other",
  });
}

function specialRoles(
  model: Model,
  added: readonly AddedToken[],
  template: Template,
  config: TokenizerConfig,
): Tokenizer["special"] {
  const known = new Map([...model.vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
  const first = (...names: (string | null | undefined)[]): number | undefined => {
    const name = names.find((candidate) => candidate != null && known.has(candidate));
    return name == null ? undefined : known.get(name);
  };
  return {
    pad: first(config.pad_token, "[PAD]", "<pad>"),
    unknown: first(model.unknownToken, config.unk_token, "[UNK]", "<unk>"),
    mask: first(config.mask_token, "[MASK]", "<mask>"),
    start: edge(template.single[0]) ?? first(config.cls_token, config.bos_token),
    end: edge(template.single.at(-1)) ?? first(config.sep_token, config.eos_token),
  };
}

function edge(item: TemplateItem | undefined): number | undefined {
  return item?.kind === "special" ? item.ids[0] : undefined;
}

function broken(at: string, error: z.ZodError): InputError {
  const issue = error.issues[0];
  const path = issue?.path.join(".") ?? "";
  return new InputError({
    code: "text.tokenizer.broken",
    at: path === "" ? at : `${at}: ${path}`,
    problem: issue?.message ?? "is not understood",
    wanted: "Wanted a tokenizer.json as the Hugging Face libraries write it",
  });
}
