import { ops, type StepContext, tf, type Weights } from "@kgraft/tensor";
import type { Block, EncoderConfig, Stream } from "./contract.ts";
import type { Family, LayerNames } from "./families/family.ts";
import { activate, linear } from "./layers.ts";
import { weightsIndexOf } from "./parameters.ts";
import type { VisibilityBias } from "./visibility.ts";

/** What all layers of one step share. */
export interface BlockSetting {
  readonly family: Family;
  readonly config: EncoderConfig;
  readonly weights: Weights;
  readonly context: StepContext;
  readonly bias: VisibilityBias;
}

/** One post-LayerNorm Transformer layer. @source Vaswani et al., NeurIPS 2017, as BERT and its relatives compute it */
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
    const attended = this.attend(stream);
    return { ...stream, hidden: this.down(this.activate(this.up(attended)), attended) };
  }

  attend(stream: Stream): tf.Tensor {
    const { config, context, family } = this.#setting;
    const memory = stream.memory ?? stream.hidden;
    const attended = ops.attention(
      this.#linear(this.#names.query, stream.hidden), // [B, Tq, H]
      this.#linear(this.#names.key, memory), // [B, Tk, H]
      this.#linear(this.#names.value, memory),
      {
        heads: config.numHeads,
        bias: this.#bias(stream),
        dropout: { rate: config.attentionDropout, context, site: `encoder/layer.${this.index}/attention-weights` },
      },
    );
    const rate = family.dropout.attention ? config.hiddenDropout : 0;
    return this.#close(
      attended,
      stream.hidden,
      this.#names.attentionOutput,
      this.#names.attentionNorm,
      rate,
      "attention",
    );
  }

  up(attended: tf.Tensor): tf.Tensor {
    return this.#linear(this.#names.up, attended); // [B, T, I]
  }

  activate(inner: tf.Tensor): tf.Tensor {
    return activate(inner, this.#setting.config.activation);
  }

  down(inner: tf.Tensor, attended: tf.Tensor): tf.Tensor {
    const { config, family } = this.#setting;
    const rate = family.dropout.feedForward ? config.hiddenDropout : 0;
    return this.#close(inner, attended, this.#names.down, this.#names.outputNorm, rate, "feed-forward");
  }

  /** `LN(dropout(linear(x)) + residual)`, float32 [B, T, H]. */
  #close(x: tf.Tensor, residual: tf.Tensor, dense: string, norm: string, rate: number, site: string): tf.Tensor {
    const { config, context, family, weights } = this.#setting;
    return ops.dropoutResidualNorm(
      this.#linear(dense, x),
      residual,
      weights.get(`${family.prefix}${norm}.weight`),
      weights.get(`${family.prefix}${norm}.bias`),
      config.layerNormEpsilon,
      rate,
      context,
      `encoder/layer.${this.index}/${site}`,
    );
  }

  /** float32 [B, 1|A, 1|Tq, Tk] */
  #bias(stream: Stream): tf.Tensor {
    const hidden = this.#setting.bias.of(stream.visible);
    return stream.bias === undefined ? hidden : tf.add(hidden, stream.bias);
  }

  #linear(stem: string, x: tf.Tensor): tf.Tensor {
    return linear(this.#setting.weights, this.#setting.family.prefix + stem, x);
  }
}
