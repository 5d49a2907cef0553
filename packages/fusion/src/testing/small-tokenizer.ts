import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenizer, type Tokenizer } from "@kgraft/text";

/** What every vocabulary begins with. */
export const specialPieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** A WordPiece tokenizer as BERT's, by its vocabulary. */
export interface SmallTokenizer {
  /** Begins with {@link specialPieces}. */
  readonly vocabulary: readonly string[];
  /** Marks a piece inside a word. Default `##`. */
  readonly prefix?: string;
  /** Whether a single text ends in [SEP]. Default true. */
  readonly closed?: boolean;
}

/** Loads a tokenizer from a file that is made for it. */
export async function smallTokenizer(options: SmallTokenizer): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-small-tokenizer-"));
  try {
    const file = join(folder, "tokenizer.json");
    await writeFile(file, JSON.stringify(tokenizerJson(options)));
    return await loadTokenizer(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tokenizerJson({ vocabulary, prefix = "##", closed = true }: SmallTokenizer): unknown {
  const token = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });
  const sequence = (id: string, typeId: number) => ({ Sequence: { id, type_id: typeId } });
  const open = [token("[CLS]", 0), sequence("A", 0)];
  const end = token("[SEP]", 0);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialPieces.map((content, id) => ({ id, content, ...flags })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: closed ? [...open, end] : open,
      pair: [...open, end, sequence("B", 1), token("[SEP]", 1)],
      special_tokens: Object.fromEntries(
        ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [vocabulary.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
    },
  };
}
