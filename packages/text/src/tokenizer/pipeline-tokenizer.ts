import type { EncodeOptions, Encoding, Tokenizer, WindowOptions } from "../encoding.ts";
import { type AddedToken, AddedTokenFinder } from "./added-tokens.ts";
import { AlignedText } from "./aligned-text.ts";
import { assemble } from "./assembly.ts";
import type { Model, Normalizer, PreTokenizer, Template } from "./components.ts";
import { PieceBuffer } from "./piece-buffer.ts";
import { addedBy } from "./template.ts";
import { trimOffsets } from "./trim-offsets.ts";
import { fit, windowRanges } from "./truncation.ts";

/** What a tokenizer is put together from. */
export interface TokenizerParts {
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly model: Model;
  readonly template: Template;
  readonly addedTokens: readonly AddedToken[];
  readonly special: Tokenizer["special"];
}

const longestCachedRange = 64;
const mostCachedRanges = 1 << 16;
const loneSurrogate = /\p{Surrogate}/gu;

/**
 * Runs the stages of a tokenizer file: added tokens are cut out, the rest is normalised, split into words and cut into
 * pieces; then the template's special tokens stand around them. What a short range of text becomes is remembered.
 */
export class PipelineTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly special: Tokenizer["special"];
  readonly specialIds: ReadonlySet<number>;
  readonly #parts: TokenizerParts;
  readonly #idOf = new Map<string, number>();
  readonly #pieceOf: string[] = [];
  readonly #inSource: AddedTokenFinder;
  readonly #inNormalised: AddedTokenFinder;
  readonly #cut: PreTokenizer["cut"];
  readonly #cache = new Map<string, PieceBuffer>();
  readonly #buffers = [new PieceBuffer(), new PieceBuffer()] as const;

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    this.special = parts.special;
    for (const [piece, id] of parts.model.vocabulary) this.#name(piece, id);
    for (const { content, id } of parts.addedTokens) this.#name(content, id);
    this.vocabularySize = this.#pieceOf.length;
    this.specialIds = new Set([...parts.addedTokens.map((token) => token.id), ...templateIds(parts.template)]);
    const late = (token: AddedToken) => token.normalized && parts.normalizer !== undefined;
    const entries = parts.addedTokens.map((token) => [this.#inText(token, late(token)), token] as const);
    this.#inSource = new AddedTokenFinder(new Map(entries.filter(([, token]) => !late(token))));
    this.#inNormalised = new AddedTokenFinder(new Map(entries.filter(([, token]) => late(token))));
    const { local = "ascii" } = parts.normalizer ?? {};
    const apart = local === "ascii" || (local === "words" && parts.preTokenizer?.cutsWords);
    this.#cut = this.#inNormalised.empty && apart ? parts.preTokenizer?.cut : undefined;
  }

  piece(id: number): string | undefined {
    return this.#pieceOf[id];
  }

  id(piece: string): number | undefined {
    return this.#idOf.get(piece);
  }

  encode(text: string, pair?: string, options: EncodeOptions = {}): Encoding {
    const { items, pieces } = this.#piecesOf(text, pair, options.specialTokens !== false);
    const lengths = pieces.map(({ length }) => length);
    const kept = fit(lengths, addedBy(items), options);
    const truncated = lengths.reduce((sum, length, i) => sum + length - (kept[i] as number), 0);
    const ranges = kept.map((to) => ({ from: 0, to }));
    return assemble(items, pieces, ranges, this.#pieceOf, truncated);
  }

  windows(text: string, pair: string | undefined, { maxLength, stride = 0, cut }: WindowOptions): Encoding[] {
    const { items, pieces } = this.#piecesOf(text, pair, true);
    const which = pair === undefined || cut === "first" ? 0 : 1;
    const whole = pieces.map(({ length }) => ({ from: 0, to: length }));
    const beside = pair === undefined ? 0 : (pieces[1 - which]?.length ?? 0);
    const room = maxLength - addedBy(items) - beside;
    return windowRanges(pieces[which]?.length ?? 0, room, stride).map((range) =>
      assemble(items, pieces, whole.with(which, range), this.#pieceOf, 0),
    );
  }

  /** The template's items, and the pieces of each sequence: valid until the next text. */
  #piecesOf(text: string, pair: string | undefined, specialTokens: boolean) {
    const { template } = this.#parts;
    const items = (pair === undefined ? template.single : template.pair).filter(
      (item) => specialTokens || item.kind === "sequence",
    );
    const sequences = pair === undefined ? [text] : [text, pair];
    return { items, pieces: sequences.map((sequence, i) => this.#encodeSequence(sequence, i === 0 ? 0 : 1)) };
  }

  #name(piece: string, id: number): void {
    this.#idOf.set(piece, id);
    this.#pieceOf[id] = piece;
  }

  /** The form in which an added token stands in the text that is searched. */
  #inText(token: AddedToken, normalised: boolean): string {
    const { normalizer } = this.#parts;
    return normalised && normalizer ? normalizer.normalize(AlignedText.of(token.content)).text : token.content;
  }

  #encodeSequence(source: string, which: 0 | 1): PieceBuffer {
    const text = source.replace(loneSurrogate, "\ufffd");
    const out = this.#buffers[which];
    out.clear();
    for (const part of this.#inSource.cut(text)) {
      if (part.token) out.push(part.token.id, part.start, part.end, out.words++);
      else if (this.#cut === undefined) this.#analyse(text.slice(part.start, part.end), part.start, out);
      else
        this.#encodeRanges(
          part.start === 0 && part.end === text.length ? text : text.slice(part.start, part.end),
          part.start,
          out,
        );
    }
    const { trimOffsets: trim } = this.#parts.template;
    if (trim) trimOffsets(out, text, (id) => (this.specialIds.has(id) ? undefined : this.#pieceOf[id]), trim);
    return out;
  }

  #encodeRanges(text: string, offset: number, out: PieceBuffer): void {
    this.#cut?.(text, (start, end) => {
      const range = text.slice(start, end);
      let pieces = this.#cache.get(range);
      if (pieces === undefined) {
        const fresh = new PieceBuffer();
        this.#analyse(range, 0, fresh);
        pieces = range.length <= longestCachedRange ? this.#remember(range, fresh.compact()) : fresh;
      }
      out.append(pieces, offset + start);
    });
  }

  #remember(range: string, pieces: PieceBuffer): PieceBuffer {
    if (this.#cache.size >= mostCachedRanges) this.#cache.clear();
    this.#cache.set(range, pieces);
    return pieces;
  }

  /** Normalises, splits and cuts a text without any cache. */
  #analyse(text: string, offset: number, out: PieceBuffer): void {
    const source = AlignedText.of(text);
    const normalised = this.#parts.normalizer?.normalize(source) ?? source;
    for (const part of this.#inNormalised.cutAligned(normalised)) {
      if (part.token) this.#pushPiece(part.token.id, part.text, 0, part.text.text.length, offset, out, out.words++);
      else for (const word of this.#wordsOf(part.text, offset)) this.#tokenize(word, offset, out);
    }
  }

  #wordsOf(text: AlignedText, offset: number): readonly AlignedText[] {
    return this.#parts.preTokenizer?.split(text, offset) ?? [text];
  }

  #tokenize(word: AlignedText, offset: number, out: PieceBuffer): void {
    const index = out.words++;
    const pieces = this.#parts.model.tokenize(word.text);
    for (let i = 0; i < pieces.length; i += 3)
      this.#pushPiece(pieces[i] as number, word, pieces[i + 1] as number, pieces[i + 2] as number, offset, out, index);
  }

  #pushPiece(id: number, word: AlignedText, from: number, to: number, offset: number, out: PieceBuffer, index: number) {
    out.push(id, offset + (word.starts[from] as number), offset + (word.ends[to - 1] as number), index);
  }
}

function templateIds(template: Template): number[] {
  return [...template.single, ...template.pair].flatMap((item) => (item.kind === "special" ? item.ids : []));
}
