/** What a tokenizer makes of one text or pair, special tokens included. All arrays have the same length T. */
export interface Encoding {
  readonly ids: Int32Array;
  readonly tokens: readonly string[];
  /** 0 first sequence, 1 second. */
  readonly typeIds: Int32Array;
  /** Start of each piece in its own sequence, UTF-16 units; 0 for special tokens. */
  readonly starts: Int32Array;
  /** Half-open end; 0 for special tokens. */
  readonly ends: Int32Array;
  /** Index of the word (pre-token) within its sequence, -1 for special tokens. */
  readonly wordIds: Int32Array;
  /** 0 or 1 for the sequence a piece came from, -1 for special tokens. */
  readonly sequenceIds: Int8Array;
  /** Pieces cut off by the length limit. */
  readonly truncated: number;
}

/** How a text is cut and framed. */
export interface EncodeOptions {
  /** Most pieces, special tokens included. Default: no limit. */
  readonly maxLength?: number;
  /** Default true. */
  readonly specialTokens?: boolean;
}

/** Turns text into the ids a model was trained on. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** Ids of the special tokens the model knows, by role; undefined where the vocabulary has none. */
  readonly special: Readonly<Record<"pad" | "unknown" | "mask" | "start" | "end", number | undefined>>;
  /** All ids that stand for special or added tokens. */
  readonly specialIds: ReadonlySet<number>;
  encode(text: string, pair?: string, options?: EncodeOptions): Encoding;
  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined;
  id(piece: string): number | undefined;
}
