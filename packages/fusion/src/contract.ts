import type { Block, EncoderConfig, Stream } from "@kgraft/encoder";
import type { Graph } from "@kgraft/kg";
import type { EntityVectors } from "@kgraft/kg-embedding";
import type { Definition, Draw, Paper, Streams } from "@kgraft/runtime";
import type { HostArray, Loss, ParameterSpec, StepContext, TensorBatch, tf, Weights } from "@kgraft/tensor";
import type { Encoding, TextExample, Tokenizer } from "@kgraft/text";

/** What a strategy may be built from; a strategy says in `needs` which of the optional ones it cannot do without. */
export interface FusionResources {
  readonly encoder: EncoderConfig;
  readonly tokenizer: Tokenizer;
  readonly streams: Streams;
  readonly graph?: Graph | undefined;
  readonly vectors?: EntityVectors | undefined;
}

/** What every seam inside a step reads. */
export interface SeamInput {
  readonly weights: Weights;
  /** The batch's tensors; a strategy's own stand under the names its `collate` and `constants` gave. */
  readonly batch: TensorBatch;
  readonly context: StepContext;
}

/** An example as a strategy prepared it. */
export interface PreparedExample<Knowledge> {
  /** The pieces the model reads; pieces that are not from the text have sequence id -1. */
  readonly encoding: Encoding;
  readonly knowledge: Knowledge;
  /** What happened to its mentions, by name: added up over a corpus and printed. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

/** Size of a padded batch: B rows of T pieces. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
}

/** An extra loss of a strategy during pre-training. */
export interface FusionHead {
  readonly parameters: readonly ParameterSpec[];
  /** @param hidden last hidden states, float32 [B, T, H] */
  loss(hidden: tf.Tensor, stream: Stream, at: SeamInput): Loss;
}

/**
 * A fusion strategy: five optional seams (`prepare`, `embed`, `attention`, `layer`, `heads`). An absent seam means plain
 * BERT, so `none` is the empty object and the baseline.
 *
 * @typeParam Knowledge what `prepare` keeps of an example for `collate` (plain host data)
 */
export interface Fusion<Knowledge = unknown> {
  /** Trainable tensors named `fusion/<strategy>/…`, heads' own excluded. */
  readonly parameters?: readonly ParameterSpec[];
  /** Frozen tables a seam reads, e.g. entity vectors: name to array; on the device once, passed in every batch. */
  readonly constants?: Readonly<Record<string, HostArray>>;
  /**
   * The lowest layer this strategy changes: below it hidden states are plain BERT's and may be stored. Default: 0 where it has
   * `attention`, `embed` or `layer`, else L.
   */
  readonly firstLayer?: number;
  /** Patterns of parameter names that this strategy freezes. */
  readonly frozen?: readonly string[];
  /** What the released checkpoint calls a parameter, heads' included, by our name for it. */
  readonly officialNames?: Readonly<Record<string, string>>;

  /** Rewrites the example before tokenisation (entity replacement). Only in pre-training. */
  rewrite?(example: TextExample, draw: Draw): TextExample | Promise<TextExample>;
  /**
   * Turns a linked, tokenised example into pieces and knowledge. Deterministic; may wait for the graph.
   *
   * @param maxLength most pieces the result may have, special tokens included
   */
  prepare?(
    example: TextExample,
    encoding: Encoding,
    maxLength: number,
  ): PreparedExample<Knowledge> | Promise<PreparedExample<Knowledge>>;
  /**
   * Pads the knowledge of a batch to arrays, named `fusion/<strategy>/…`.
   *
   * @param draw present in pre-training only: corruption, negatives
   */
  collate?(
    batch: readonly PreparedExample<Knowledge>[],
    shape: BatchShape,
    draw: Draw | undefined,
  ): Readonly<Record<string, HostArray>>;

  /** @see Seams of the encoder */
  attention?(at: SeamInput): { readonly positionIds?: tf.Tensor; readonly visible?: tf.Tensor };
  embed?(stream: Stream, at: SeamInput): Stream;
  layer?(stream: Stream, block: Block, at: SeamInput): Stream | undefined;
  /** Extra losses of pre-training by name. */
  readonly heads?: Readonly<Record<string, FusionHead>>;
}

/**
 * What a strategy changes in a way that nothing else may change too: the text itself, which pieces the model reads, which
 * positions and visibility they have, or the inside of a layer (reading hidden states claims nothing).
 */
export type Claim = "text" | "pieces" | "attention" | "layer";

/** A strategy that can be chosen by name. */
export interface FusionDefinition<Options = unknown, Knowledge = unknown>
  extends Definition<Options, FusionResources, Fusion<Knowledge>> {
  readonly paper?: Paper;
  /** Which resources it cannot do without; checked while the config is read. */
  readonly needs: readonly ("graph" | "vectors" | "linker")[];
  /** Kinds of examples it takes. */
  readonly accepts: readonly ("text" | "triple")[];
  /** What it wants for itself: two strategies of a stack may not claim the same. */
  readonly claims: readonly Claim[];
  /** Options at which the strategy equals `none` bit for bit (the neutral law). */
  readonly neutral: Readonly<Record<string, unknown>>;
}
