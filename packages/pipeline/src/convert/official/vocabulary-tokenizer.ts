import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readTokenizerFiles, type TokenizerFiles } from "@kgraft/encoder";
import { InputError } from "@kgraft/runtime";

/** The pieces that frame BERT's texts. */
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/**
 * The tokenizer of a release. Old ones bring a `vocab.txt` alone: the tokenizer.json that says the same is made of it. Whether
 * text is lower-cased a `tokenizer_config.json` says; without one it is where no piece has a capital letter.
 *
 * @throws InputError `convert.official.tokenizer` where there is none
 */
export async function releasedTokenizer(folder: string): Promise<TokenizerFiles> {
  const files = await readTokenizerFiles(folder);
  const [name] = ["vocab.txt", "google_vocab.txt"].filter((one) => existsSync(join(folder, one)));
  if (files.has("tokenizer.json")) return files;
  if (name === undefined) throw withoutTokenizer(folder);
  const content = await readFile(join(folder, name));
  const pieces = content.toString("utf8").replace(/\n$/, "").split("\n");
  const stated = files.get("tokenizer_config.json");
  const config = stated === undefined ? {} : (JSON.parse(Buffer.from(stated).toString("utf8")) as object);
  const lowercase =
    "do_lower_case" in config
      ? config.do_lower_case === true
      : !pieces.some((piece) => !special.includes(piece) && !/^\[.*\]$/.test(piece) && /\p{Lu}/u.test(piece));
  const json = JSON.stringify(wordPieceTokenizer(pieces, lowercase));
  return new Map([...files, ["vocab.txt", content], ["tokenizer.json", Buffer.from(json)]]);
}

function withoutTokenizer(at: string): InputError {
  return new InputError({
    code: "convert.official.tokenizer",
    at,
    problem: "has neither tokenizer.json nor vocab.txt",
    wanted: "Wanted the tokenizer that the model was trained with",
    fix: "Copy it there from the checkpoint that the release started from",
  });
}

function wordPieceTokenizer(pieces: readonly string[], lowercase: boolean): object {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const idOf = (piece: string) => pieces.indexOf(piece);
  const token = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const single = [token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0)];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.flatMap((content) => (idOf(content) < 0 ? [] : [{ id: idOf(content), content, ...flags }])),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single,
      pair: [...single, sequence("B", 1), token("[SEP]", 1)],
      special_tokens: Object.fromEntries(["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
}
