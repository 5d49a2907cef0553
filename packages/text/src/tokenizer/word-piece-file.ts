/** How {@link wordPieceFile} describes a tokenizer. */
export interface WordPieceFileOptions {
  /** Default true; accents are stripped with it. */
  readonly lowercase?: boolean;
}

/** The special pieces that stand first in a new vocabulary. */
export const specialPieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/**
 * Describes BERT's tokenizer with a vocabulary: the content of a tokenizer.json.
 *
 * @param pieces by id; those of {@link specialPieces} that are among them are special
 */
export function wordPieceFile(pieces: readonly string[], { lowercase = true }: WordPieceFileOptions = {}): string {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const special = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });
  const sequence = (id: string, typeId: number) => ({ Sequence: { id, type_id: typeId } });
  const single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)];
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialPieces.flatMap((content) =>
      pieces.includes(content) ? [{ id: pieces.indexOf(content), content, ...flags }] : [],
    ),
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
      pair: [...single, sequence("B", 1), special("[SEP]", 1)],
      special_tokens: Object.fromEntries(
        ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [pieces.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  });
}
