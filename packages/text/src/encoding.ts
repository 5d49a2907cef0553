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
  /**
   * Which sequence of a pair gives way to the limit: the longer one first (default), or only one of them.
   */
  readonly truncation?: "longest-first" | "only-first" | "only-second";
}

/** How a text is cut into overlapping windows. */
export interface WindowOptions {
  /** Most pieces of a window, special tokens included. */
  readonly maxLength: number;
  /** Pieces that neighbouring windows share. Default 0. */
  readonly stride?: number;
  /** Which sequence of a pair is cut; the other stands whole in every window. Default `second`, as in question answering. */
  readonly cut?: "first" | "second";
}

/** Turns text into the ids a model was trained on. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** Ids of the special tokens the model knows, by role; undefined where the vocabulary has none. */
  readonly special: Readonly<Record<"pad" | "unknown" | "mask" | "start" | "end", number | undefined>>;
  /** All ids that stand for special or added tokens. */
  readonly specialIds: ReadonlySet<number>;
  /** @throws InputError `text.encode.maxLength` where the limit leaves no room for what must stay */
  encode(text: string, pair?: string, options?: EncodeOptions): Encoding;
  /**
   * Cuts what does not fit into one window into several, each with its own special tokens; together they hold every piece.
   *
   * @throws InputError `text.windows` where a window has no room for more than the stride
   */
  windows(text: string, pair: string | undefined, options: WindowOptions): Encoding[];
  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined;
  id(piece: string): number | undefined;
}
