import { RunError } from "@kgraft/runtime";
import { type ParameterSpec, type StepContext, tf, type Weights } from "@kgraft/tensor";
import { TransformerBlock } from "./block.ts";
import type {
  Block,
  EncoderConfig,
  EncoderInput,
  EncoderRun,
  LayerRange,
  Seams,
  Stream,
  TransformerEncoder,
} from "./contract.ts";
import { embed } from "./embeddings.ts";
import { familyOf } from "./families/families.ts";
import type { Family } from "./families/family.ts";
import { firstStates } from "./first-states.ts";
import { linear } from "./layers.ts";
import { encoderParameters } from "./parameters.ts";
import { VisibilityBias, visibility } from "./visibility.ts";

/**
 * Makes the encoder of these sizes: what it declares and computes, no weights.
 *
 * @param site names the dropout of its layers apart from another encoder's of the same step
 * @throws InputError `encoder.family` where no family has the name `config.modelType`
 */
export function createEncoder(config: EncoderConfig, site = "encoder"): TransformerEncoder {
  return new FamilyEncoder(familyOf(config.modelType), config, site);
}

class FamilyEncoder implements TransformerEncoder {
  readonly config: EncoderConfig;
  readonly parameters: readonly ParameterSpec[];
  readonly #family: Family;
  readonly #site: string;

  constructor(family: Family, config: EncoderConfig, site: string) {
    this.#family = family;
    this.#site = site;
    this.config = config;
    this.parameters = encoderParameters(family, config);
  }

  embed(weights: Weights, input: EncoderInput, context: StepContext): Stream {
    return this.#stream(embed(this.#family, this.config, weights, input, context), input);
  }

  blocks(weights: Weights, context: StepContext): readonly Block[] {
    const { config } = this;
    const setting = { family: this.#family, site: this.#site, config, weights, context, bias: new VisibilityBias() };
    return Array.from({ length: this.config.numLayers }, (_, index) => new TransformerBlock(index, setting));
  }

  run(
    weights: Weights,
    input: EncoderInput,
    context: StepContext,
    options: { seams?: Seams; range?: LayerRange; hidden?: tf.Tensor; keepStates?: boolean } = {},
  ): EncoderRun {
    const { seams, hidden, keepStates } = options;
    const { from, to } = this.#range(options.range, hidden);
    const reached: EncoderInput = { ...input, ...seams?.attention?.() };
    let stream = hidden === undefined ? this.embed(weights, reached, context) : this.#stream(hidden, reached);
    stream = seams?.embed?.(stream) ?? stream;
    const states = keepStates ? [stream.hidden] : [];
    for (const block of this.blocks(weights, context).slice(from, to)) {
      stream = seams?.layer?.(stream, block) ?? block.forward(stream);
      if (keepStates) states.push(stream.hidden);
    }
    return { stream, states };
  }

  pool(weights: Weights, hidden: tf.Tensor): tf.Tensor {
    const { pooler } = this.#family.names;
    if (pooler === undefined) {
      throw new RunError({
        code: "encoder.pooler",
        at: "encoder.pool",
        problem: `the family "${this.config.modelType}" has no pooler`,
        wanted: "Wanted a family whose models pool position 0",
        fix: "Use a head that reads position 0 itself",
      });
    }
    return tf.tanh(linear(weights, this.#family.prefix + pooler, firstStates(hidden))); // [B, H]
  }

  #stream(hidden: tf.Tensor, input: EncoderInput): Stream {
    return { hidden, visible: visibility(input), side: {} };
  }

  #range(range: LayerRange | undefined, hidden: tf.Tensor | undefined): { from: number; to: number } {
    const { numLayers } = this.config;
    const { from = 0, to = numLayers } = range ?? {};
    const wrong = (problem: string, wanted: string) =>
      new RunError({ code: "encoder.range", at: "encoder.run", problem, wanted });
    if (!(from >= 0 && from <= to && to <= numLayers))
      throw wrong(`layers [${from}, ${to}) of an encoder with ${numLayers}`, "Wanted 0 <= from <= to <= layers");
    if (from > 0 && hidden === undefined)
      throw wrong(
        `a run from layer ${from} without hidden states`,
        `Wanted the hidden states that go into layer ${from}`,
      );
    return { from, to };
  }
}
