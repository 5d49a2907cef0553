import type { Block, EncoderConfig, Stream } from "@kgraft/encoder";
import type { Graph, Relation, Triple } from "@kgraft/kg";
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
  /** The graph's relations in its order; there where the graph is. */
  readonly relations?: readonly Relation[] | undefined;
  readonly vectors?: EntityVectors | undefined;
}

/** What every seam inside a step reads. */
export interface SeamInput {
  readonly weights: Weights;
  /** The batch's tensors; a strategy's own stand under the names its `collate` and `constants` gave. */
  readonly batch: TensorBatch;
  readonly context: StepContext;
}

/** A triple of the graph that a strategy put into an example. */
export interface InjectedTriple extends Triple {
  /** Index of the mention that it was put in for, in the example's list; -1 where it was put in for none of them. */
  readonly mention: number;
  /** The branch of its words, counted from 1, where it has one; see {@link Inspection}. */
  readonly branch?: number;
}

/** An example as a strategy rewrote it. */
export interface RewrittenExample {
  readonly example: TextExample;
  /** What happened to its mentions, by name: added up over a corpus's first epoch and printed. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

/** An example as a strategy prepared it. */
export interface PreparedExample<Knowledge> {
  /** The pieces the model reads; pieces that are not from the text have sequence id -1. */
  readonly encoding: Encoding;
  readonly knowledge: Knowledge;
  /** Triples put in, for provenance. */
  readonly triples?: readonly InjectedTriple[] | undefined;
  /** Pieces of the text that no objective may hide: ascending. What is drawn elsewhere does not depend on them. */
  readonly protectedPieces?: readonly number[] | undefined;
  /** What happened to its mentions, by name: added up over a corpus and printed. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

/** What a strategy made of an example, for people; a field that it does not use is left out. T pieces. */
export interface Inspection {
  /** [T], counted from 0. */
  readonly positions?: readonly number[];
  /** [T], 0 on the trunk (the text itself), else the number of a branch. */
  readonly branches?: readonly number[];
  /** [T][T] of 0 and 1: whether the piece of the row sees that of the column. */
  readonly visible?: readonly (readonly number[])[];
  /** [T], the entity that stands at a piece. */
  readonly entities?: readonly (string | null)[];
}

/** A stage of training. */
export type TrainingStage = "pretraining" | "finetuning";

/** What stays as it is in a stage. */
export interface Freezing {
  /** All parameters of the encoder. */
  readonly encoder?: boolean;
  /** Patterns of parameter names. */
  readonly parameters?: readonly string[];
}

/** First values of parameters that stand in a file. */
export interface StoredParameters {
  /** A model folder, or one with nothing but these. */
  readonly folder: string;
  /** What a file may call each parameter, by our name for it; the first that is there counts. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** Size of a padded batch: B rows of T pieces. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
}

/** An extra loss of a strategy during pre-training. */
export interface FusionHead {
  /** Its own, named `fusion/<strategy>/…`. */
  readonly parameters: readonly ParameterSpec[];
  /** Those of a head of the encoder's family that it reads too, under the family's names: one tensor for all who name it. */
  readonly shared?: readonly ParameterSpec[];
  /** @param hidden last hidden states, float32 [B, T, H] */
  loss(hidden: tf.Tensor, stream: Stream, at: SeamInput): Loss;
}

/**
 * A fusion strategy: optional seams in the data (`rewrite`, `prepare`, `collate`), in a step (`attention`, `embed`, `layer`,
 * `output`) and in the losses (`heads`). An absent seam means plain BERT, so `none` is the empty object and the baseline.
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
  /** Parameters that start from files instead of at random. */
  readonly stored?: readonly StoredParameters[];
  /** Parameters that other models can take over, by the name of what they make up: each is saved in a folder of its own too. */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
  /** What this strategy freezes, by stage. */
  readonly freezes?: Readonly<Partial<Record<TrainingStage, Freezing>>>;
  /** What the released checkpoint calls a parameter, heads' included, by our name for it. */
  readonly officialNames?: Readonly<Record<string, string>>;

  /** Rewrites the example before tokenisation, anew in each epoch (entity replacement). Only in pre-training. */
  rewrite?(example: TextExample, draw: Draw): RewrittenExample | Promise<RewrittenExample>;
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
  /** Layers whose hidden states `output` reads: 0 is what goes into the first layer, L what the last one gives. Default none. */
  readonly taps?: readonly number[];
  /** Whether `output` also reads the states of padding, so that they cannot be stored example by example. */
  readonly readsPadding?: boolean;
  /**
   * After the last layer: the stream that tasks and losses read instead. It reads hidden states and changes none.
   *
   * @param states float32 [B, T, H] by layer, of `taps`
   */
  output?(stream: Stream, states: ReadonlyMap<number, tf.Tensor>, at: SeamInput): Stream;
  /** Extra losses of pre-training by name. */
  readonly heads?: Readonly<Record<string, FusionHead>>;

  /** Says what became of an example, for people. */
  inspect?(example: PreparedExample<Knowledge>): Inspection;
}

/**
 * What a strategy changes in a way that nothing else may change too: the text itself, which pieces the model reads, which
 * positions and visibility they have, the inside of a layer, or what is read behind the last one (reading hidden states
 * claims nothing).
 */
export type Claim = "text" | "pieces" | "attention" | "layer" | "output";

/** A strategy that can be chosen by name. */
export interface FusionDefinition<Options = unknown, Knowledge = unknown>
  extends Definition<Options, FusionResources, Fusion<Knowledge>> {
  readonly paper?: Paper;
  /** Which resources it cannot do without; checked while the config is read. */
  readonly needs: readonly ("graph" | "vectors" | "linker")[];
  /** Whether it takes the graph where the config has one, without needing it. */
  readonly usesGraph?: boolean;
  /** Kinds of examples it takes. */
  readonly accepts: readonly ("text" | "triple")[];
  /** What it wants for itself: two strategies of a stack may not claim the same. */
  readonly claims: readonly Claim[];
  /** Options at which the strategy equals `none` bit for bit (the neutral law). */
  readonly neutral: Readonly<Record<string, unknown>>;
}
