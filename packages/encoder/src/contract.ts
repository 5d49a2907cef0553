import type { ParameterSpec, StepContext, tf, Weights } from "@kgraft/tensor";

/*
 * Letters, defined once: B batch, T tokens (Tq as queries, Tk as keys), H hidden size, A attention heads, D = H/A,
 * I feed-forward size, E entity vector size, V vocabulary, P positions, L layers, M mentions, C candidates, N negatives.
 */

/** The functions between the two halves of a feed-forward part. `gelu-tanh` is the tanh approximation of `gelu`. */
export type Activation = "gelu" | "gelu-tanh" | "relu" | "silu" | "tanh";

/** The sizes and switches of a Transformer encoder, whatever its family calls them. */
export interface EncoderConfig {
  /** The family: `bert`, `roberta`, … */
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Width of the embedding tables; equal to hiddenSize but for ALBERT and ELECTRA. */
  readonly embeddingSize: number;
  readonly numLayers: number;
  /** Sets of layer weights where layers share them (ALBERT); absent: every layer has its own. */
  readonly layerGroups?: number | undefined;
  readonly numHeads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly maxPositions: number;
  /** 0: the family has no token types. */
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
  readonly padTokenId: number;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly initializerRange: number;
}

/** What the encoder reads of a batch. */
export interface EncoderInput {
  /** int32 [B, T] */
  readonly ids: tf.Tensor;
  /** int32 [B, T]; absent: zeros (row 0 of the table is still added). */
  readonly typeIds?: tf.Tensor | undefined;
  /** bool [B, T], true where a real token stands (about keys). */
  readonly attentionMask: tf.Tensor;
  /** int32 [B, T]; absent: the family's own counting. */
  readonly positionIds?: tf.Tensor | undefined;
  /** bool [B, Tq, Tk], true where a query may see a key (never a padding one); absent: every query sees every real token. */
  readonly visible?: tf.Tensor | undefined;
}

/** What runs through the layers. Nothing is mutated: a layer returns a new stream. */
export interface Stream {
  /** Hidden states float32 [B, Tq, H]. */
  readonly hidden: tf.Tensor;
  /** Other keys and values than `hidden`, float32 [B, Tk, H]. */
  readonly memory?: tf.Tensor | undefined;
  /** bool [B, 1|Tq, Tk]. The encoder alone turns it into an additive bias, and lets a row that sees nothing see itself. */
  readonly visible: tf.Tensor;
  /** Added to the scaled scores, float32 [B, 1|A, Tq, Tk]. */
  readonly bias?: tf.Tensor | undefined;
  /** A strategy's own named tensors. */
  readonly side: Readonly<Record<string, tf.Tensor>>;
}

/** One Transformer layer, bound to the weights and the context of a step. */
export interface Block {
  readonly index: number;
  /** The whole layer: `down(activate(up(a)), a)` with `a = attend(stream)`. */
  forward(stream: Stream): Stream;
  /** Attention with its residual and LayerNorm: `a = LN(dropout(Wo attention(h)) + h)`, float32 [B, T, H]. */
  attend(stream: Stream): tf.Tensor;
  /** `W1 a + b1`, before the activation, float32 [B, T, I]. */
  up(attended: tf.Tensor): tf.Tensor;
  activate(inner: tf.Tensor): tf.Tensor;
  /** `LN(dropout(W2 z + b2) + a)`, float32 [B, T, H]. */
  down(inner: tf.Tensor, attended: tf.Tensor): tf.Tensor;
}

/** Where something may reach into the encoder. An absent seam is plain BERT; the encoder names no strategy. */
export interface Seams {
  /** Other positions and visibility than the input's. */
  attention?(): {
    readonly positionIds?: tf.Tensor;
    readonly visible?: tf.Tensor;
  };
  /** After the embeddings, or where a run starts from a stored layer. */
  embed?(stream: Stream): Stream;
  /** Instead of `block.forward`; undefined leaves the layer plain. */
  layer?(stream: Stream, block: Block): Stream | undefined;
}

/** Which layers run: `[from, to)`. `from` > 0 needs the stored hidden states of that layer. */
export interface LayerRange {
  readonly from?: number;
  readonly to?: number;
}

/** What a run of the layers leaves behind. */
export interface EncoderRun {
  readonly stream: Stream;
  /** All hidden states from `from` on, where asked for: entry 0 is the input to the first layer that ran. */
  readonly states: readonly tf.Tensor[];
}

/** The shared Transformer: sizes, parameter names and a pure forward pass. */
export interface TransformerEncoder {
  readonly config: EncoderConfig;
  /** All parameters under the family's own Hugging Face names. */
  readonly parameters: readonly ParameterSpec[];
  /** Embeddings of a batch: layer 0's input. */
  embed(weights: Weights, input: EncoderInput, context: StepContext): Stream;
  blocks(weights: Weights, context: StepContext): readonly Block[];
  /**
   * Runs embeddings and layers through the seams.
   *
   * @param hidden float32 [B, T, H], the input to layer `range.from` where that is above 0: embeddings are not computed
   */
  run(
    weights: Weights,
    input: EncoderInput,
    context: StepContext,
    options?: {
      readonly seams?: Seams;
      readonly range?: LayerRange;
      readonly hidden?: tf.Tensor;
      readonly keepStates?: boolean;
    },
  ): EncoderRun;
  /** tanh of a dense layer over position 0, float32 [B, H]. @throws RunError where the family has no pooler */
  pool(weights: Weights, hidden: tf.Tensor): tf.Tensor;
}
