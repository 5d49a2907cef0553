import { ops, type StepContext, tf, type Weights } from "@kgraft/tensor";
import type { Block, EncoderConfig, Stream } from "./contract.ts";
import type { Family, LayerNames } from "./families/family.ts";
import { activate, linear, residualLayerNorm } from "./layers.ts";
import { weightsIndexOf } from "./parameters.ts";
import type { VisibilityBias } from "./visibility.ts";

/** What all layers of one step share. */
export interface BlockSetting {
  readonly family: Family;
  readonly config: EncoderConfig;
  readonly weights: Weights;
  readonly context: StepContext;
  readonly bias: VisibilityBias;
  /** Names its dropout apart from another encoder's of the same step. */
  readonly site: string;
}

/**
 * One post-LayerNorm Transformer layer. What lies between inputs and outputs of its parts is given back at once: in
 * inference a layer's memory does not add to the last one's.
 *
 * @source Vaswani et al., NeurIPS 2017, as BERT and its relatives compute it
 */
export class TransformerBlock implements Block {
  readonly index: number;
  readonly #setting: BlockSetting;
  readonly #names: LayerNames;

  constructor(index: number, setting: BlockSetting) {
    this.index = index;
    this.#setting = setting;
    this.#names = setting.family.names.layer(weightsIndexOf(setting.config, index));
  }

  forward(stream: Stream): Stream {
    this.#setting.bias.of(stream.visible); // outlives the layer: the next one reads it too
    const hidden = tf.tidy(() => {
      const attended = this.attend(stream);
      return this.down(this.activate(this.up(attended)), attended);
    });
    return { ...stream, hidden };
  }

  attend(stream: Stream): tf.Tensor {
    const { bias, config, family } = this.#setting;
    const { attentionOutput, attentionNorm } = this.#names;
    const visible = bias.of(stream.visible); // [B, 1, 1|Tq, Tk]
    const rate = family.dropout.attention ? config.hiddenDropout : 0;
    return tf.tidy(() => {
      const scores = stream.bias === undefined ? visible : tf.add(visible, stream.bias); // [B, 1|A, 1|Tq, Tk]
      const attended = this.#attention(stream.hidden, stream.memory ?? stream.hidden, scores);
      return this.#close(attended, stream.hidden, attentionOutput, attentionNorm, rate, "attention");
    });
  }

  /** Multi-head attention before its output projection, float32 [B, Tq, H]. */
  #attention(hidden: tf.Tensor, memory: tf.Tensor, bias: tf.Tensor): tf.Tensor {
    const { config, context, site } = this.#setting;
    return ops.attention(
      this.#linear(this.#names.query, hidden), // [B, Tq, H]
      this.#linear(this.#names.key, memory), // [B, Tk, H]
      this.#linear(this.#names.value, memory),
      {
        heads: config.numHeads,
        bias,
        dropout: { rate: config.attentionDropout, context, site: `${site}/layer.${this.index}/attention-weights` },
      },
    );
  }

  up(attended: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.#linear(this.#names.up, attended)); // [B, T, I]
  }

  activate(inner: tf.Tensor): tf.Tensor {
    return tf.tidy(() => activate(inner, this.#setting.config.activation));
  }

  down(inner: tf.Tensor, attended: tf.Tensor): tf.Tensor {
    const { config, family } = this.#setting;
    const rate = family.dropout.feedForward ? config.hiddenDropout : 0;
    return tf.tidy(() => this.#close(inner, attended, this.#names.down, this.#names.outputNorm, rate, "feed-forward"));
  }

  /** `LN(dropout(linear(x)) + residual)`, float32 [B, T, H]. */
  #close(x: tf.Tensor, residual: tf.Tensor, dense: string, norm: string, rate: number, part: string): tf.Tensor {
    const { config, context, family, site, weights } = this.#setting;
    return residualLayerNorm(weights, family.prefix + norm, this.#linear(dense, x), residual, config, {
      rate,
      context,
      site: `${site}/layer.${this.index}/${part}`,
    });
  }

  #linear(stem: string, x: tf.Tensor): tf.Tensor {
    return linear(this.#setting.weights, this.#setting.family.prefix + stem, x);
  }
}
