import type { Activation } from "../contract.ts";

/** A setting of an encoder: the key a family's config.json writes it under and that family's default, or a fixed value. */
export type Setting<Value> =
  | { readonly key: string; readonly default: Value; readonly fixed?: never }
  | { readonly fixed: Value };

/** Where each setting stands in a family's config.json. */
export interface FamilySettings {
  readonly vocabularySize: Setting<number>;
  readonly hiddenSize: Setting<number>;
  /** Absent: the tables are as wide as the hidden states. */
  readonly embeddingSize?: Setting<number>;
  readonly numLayers: Setting<number>;
  /** Absent: every layer has weights of its own. */
  readonly layerGroups?: Setting<number>;
  readonly numHeads: Setting<number>;
  readonly intermediateSize: Setting<number>;
  readonly activation: Setting<string>;
  readonly maxPositions: Setting<number>;
  readonly typeVocabularySize: Setting<number>;
  readonly layerNormEpsilon: Setting<number>;
  readonly padTokenId: Setting<number>;
  readonly hiddenDropout: Setting<number>;
  readonly attentionDropout: Setting<number>;
  readonly initializerRange: Setting<number>;
}

/** Stems of one layer's parameters; `.weight` and `.bias` follow. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** A masked-LM head as a family names and computes it: dense, activation, LayerNorm, decoder tied to the word table. */
export interface MaskedLanguageModelNames {
  /** The architecture that config.json states for encoder and head, e.g. `BertForMaskedLM`. */
  readonly architecture: string;
  readonly dense: string;
  readonly norm: string;
  readonly bias: string;
  /** Stem under which old files repeat the tied decoder, weight and bias. */
  readonly decoder: string;
  /** `embedding`: the dense layer maps to the tables' width. */
  readonly width: "hidden" | "embedding";
  /** Absent: the encoder's own activation. */
  readonly activation?: Activation;
}

/** The heads that read hidden states through one or two linear layers. */
export type HeadName =
  | "next-sentence"
  | "sentence-order"
  | "replaced-token"
  | "sequence-classification"
  | "token-classification"
  | "span-extraction";

/** A head of one or two linear layers as a family names and computes it. */
export interface HeadNames {
  /** The architecture that config.json states for encoder and head, e.g. `BertForSequenceClassification`. */
  readonly architecture: string;
  /** The same for encoder, masked-LM head and this head. */
  readonly besideMaskedLanguageModel?: string;
  /** What it reads: the pooler over a sequence's first piece, that piece's state itself, or every piece's. */
  readonly reads: "pooled" | "first" | "every";
  /** A linear layer H to H before the last one, and its activation (absent: the encoder's own). */
  readonly hidden?: { readonly stem: string; readonly activation?: Activation };
  /** Stem of the last linear layer. */
  readonly output: string;
  /** What is dropped out: the states that are read, those of the hidden layer. */
  readonly dropout: readonly ("read" | "hidden")[];
  /** Where config.json states the rate, and the rate where it does not; absent: the encoder's own. */
  readonly dropoutRate?: { readonly key: string; readonly default?: number };
}

/** What sets one family of encoders apart: names, counting and places of dropout. Code asks these, never a family's name. */
export interface Family {
  /** `model_type` of config.json. */
  readonly modelType: string;
  /** The architecture that config.json states for the encoder alone, e.g. `BertModel`. */
  readonly architecture: string;
  /** Stands before the encoder's names in files that also hold a head, with its dot. */
  readonly prefix: string;
  readonly settings: FamilySettings;
  /** Settings that only one value is implemented of, by key: another one is refused. */
  readonly only: Readonly<Record<string, unknown>>;
  /** `counted`: 0 … T-1. `after-padding`: the first real token has padTokenId + 1, padding has padTokenId, counted from the ids. */
  readonly positions: "counted" | "after-padding";
  readonly names: {
    readonly words: string;
    readonly positions: string;
    readonly types: string;
    readonly norm: string;
    /** The linear layer from the tables' width to H. */
    readonly projection?: string;
    /** `always`: also where both widths are equal. */
    readonly projected?: "always" | "where-wider";
    layer(index: number): LayerNames;
    readonly pooler?: string;
  };
  /** Whether the output of attention, and of the feed-forward part, is dropped out before its residual. */
  readonly dropout: { readonly attention: boolean; readonly feedForward: boolean };
  /** How LayerNorm divides; absent: by the root of (biased variance + epsilon), as in the paper. */
  readonly normalization?: "unbiased-deviation";
  /** Tables whose row `padTokenId` starts at zero. */
  readonly zeroPaddingRows: readonly ("words" | "positions")[];
  readonly maskedLanguageModel: MaskedLanguageModelNames;
  /** Heads that the family has names for. */
  readonly heads: Readonly<Partial<Record<HeadName, HeadNames>>>;
}
