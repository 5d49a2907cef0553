import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "@kgraft/runtime";
import type { EncoderConfig } from "../contract.ts";
import { maxLength } from "../input-check.ts";

/** The files that make up a tokenizer in Hugging Face's layout. */
const tokenizerFileNames: ReadonlySet<string> = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "spiece.model",
  "sentencepiece.bpe.model",
]);

/** A tokenizer's files by name, as they are on disk. */
export type TokenizerFiles = ReadonlyMap<string, Uint8Array>;

/** Reads the tokenizer's files of a folder, byte by byte as they are, so that they can be saved again. */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const names = (await readdir(folder)).filter((name) => tokenizerFileNames.has(name)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

/** Where Python's tokenizers want a piece named, and what it is called in the vocabularies of the family. */
const pieceRoles = {
  unk_token: ["[UNK]", "<unk>"],
  sep_token: ["[SEP]", "</s>"],
  pad_token: ["[PAD]", "<pad>"],
  cls_token: ["[CLS]", "<s>"],
  mask_token: ["[MASK]", "<mask>"],
} as const;

/** The parts of a tokenizer.json that its companions repeat. */
interface TokenizerJson {
  readonly model?: { readonly type?: string; readonly vocab?: Readonly<Record<string, number>> };
  readonly normalizer?: { readonly type?: string; readonly lowercase?: boolean } | null;
  readonly added_tokens?: readonly { readonly content: string }[];
}

/**
 * Adds the files that a lone tokenizer.json lacks and that Python's tokenizers read beside it: tokenizer_config.json,
 * special_tokens_map.json and, for word pieces, vocab.txt. Files that are there stay as they are.
 */
export function completeTokenizerFiles(files: TokenizerFiles, config: EncoderConfig): TokenizerFiles {
  const content = files.get("tokenizer.json");
  if (content === undefined) return files;
  const json = parseJson(Buffer.from(content).toString("utf8"), "tokenizer.json") as TokenizerJson;
  const added = new Set(json.added_tokens?.map((token) => token.content));
  const special = Object.fromEntries(
    Object.entries(pieceRoles).flatMap(([role, pieces]) => {
      const piece = pieces.find((candidate) => added.has(candidate));
      return piece === undefined ? [] : [[role, piece]];
    }),
  );
  const complete = new Map(files);
  const add = (name: string, text: string) => complete.has(name) || complete.set(name, Buffer.from(text));
  add("tokenizer_config.json", jsonText({ ...tokenizerConfig(json, config), ...special }));
  add("special_tokens_map.json", jsonText(special));
  if (json.model?.type === "WordPiece" && json.model.vocab !== undefined)
    add("vocab.txt", vocabularyLines(json.model.vocab));
  return complete;
}

function tokenizerConfig({ normalizer }: TokenizerJson, config: EncoderConfig): Record<string, unknown> {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    model_max_length: maxLength(config),
    ...(normalizer?.type === "BertNormalizer" && { do_lower_case: normalizer.lowercase ?? true }),
    ...(config.typeVocabularySize === 0 && { model_input_names: ["input_ids", "attention_mask"] }),
  };
}

/** One piece a line, in the order of their ids. */
function vocabularyLines(vocabulary: Readonly<Record<string, number>>): string {
  const pieces = Object.entries(vocabulary).sort(([, a], [, b]) => a - b);
  return pieces.map(([piece]) => `${piece}\n`).join("");
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
