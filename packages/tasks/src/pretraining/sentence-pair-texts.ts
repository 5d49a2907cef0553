import type { Streams } from "@kgraft/runtime";
import { type SentencePairOptions, sentencePairs, sentenceSpans, type TextExample, type Tokenizer } from "@kgraft/text";
import type { TextSource } from "./pretraining-texts.ts";

/** Documents whose pairs are kept, so that neighbours in a batch do not cut the same document again. */
const keptDocuments = 2048;

/** What {@link SentencePairTexts} cuts documents with. */
export interface SentencePairTextOptions {
  readonly kind: SentencePairOptions["kind"];
  readonly tokenizer: Tokenizer;
  /** Most pieces of both segments, special tokens included. */
  readonly maxLength: number;
  readonly streams: Streams;
}

/** Pairs of segments of a corpus's documents, cut anew in each epoch; the class of a pair is its only label. */
export class SentencePairTexts {
  readonly #documents: TextSource;
  readonly #options: SentencePairTextOptions;
  readonly #specials: number;
  readonly #kept = new Map<string, readonly TextExample[]>();

  constructor(documents: TextSource, options: SentencePairTextOptions) {
    this.#documents = documents;
    this.#options = options;
    this.#specials = options.tokenizer.encode("", "").ids.length;
  }

  /** The pairs of a document in an epoch. */
  async of(epoch: number, document: number): Promise<readonly TextExample[]> {
    const key = `${epoch} ${document}`;
    const kept = this.#kept.get(key) ?? (await this.#cut(epoch, document));
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptDocuments && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }

  async #cut(epoch: number, document: number): Promise<readonly TextExample[]> {
    const { kind, tokenizer, maxLength, streams } = this.#options;
    const pairs = await sentencePairs(await this.#document(document), {
      kind,
      maxPieces: maxLength - this.#specials,
      pieces: (sentence) => tokenizer.encode(sentence, undefined, { specialTokens: false }).ids.length,
      draw: streams.at("pairs", epoch, document),
      other: (draw) => this.#document(draw.integer(this.#documents.length)),
    });
    return pairs.map(({ example, label }) => ({ ...example, labels: [String(label)] }));
  }

  async #document(index: number) {
    const example = (await this.#documents.at(index)) as TextExample;
    return { at: example.id, example, sentences: sentenceSpans(example.text) };
  }
}
