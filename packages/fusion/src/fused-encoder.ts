import type { EncoderRun, LayerRange, Seams, TransformerEncoder } from "@kgraft/encoder";
import { RunError } from "@kgraft/runtime";
import type { HostArray, Loss, ParameterSpec, StepContext, TensorBatch, tf, Weights } from "@kgraft/tensor";
import { arrayOf, batchArrays, hiddenArray } from "./batch.ts";
import type { Fusion, FusionHead, SeamInput, TrainingStage } from "./contract.ts";
import { firstChangedLayer } from "./first-layer.ts";

/** An encoder with a strategy grafted onto it: what tasks train and run. */
export interface FusedEncoder {
  readonly encoder: TransformerEncoder;
  readonly fusion: Fusion;
  /** The encoder's parameters, then the strategy's; the heads' own are in `headParameters`. */
  readonly parameters: readonly ParameterSpec[];
  /** Parameters of the strategy's pre-training losses, those they share included; each once. */
  readonly headParameters: readonly ParameterSpec[];
  /** Tables that every batch must carry under their names. */
  readonly constants: Readonly<Record<string, HostArray>>;
  /** Below this layer hidden states are plain BERT's and may be stored. */
  readonly firstLayer: number;
  /** Patterns of parameter names that the strategy freezes in a stage. */
  frozenIn(stage: TrainingStage): readonly string[];
  /** Layers whose input must be stored for a run that starts at `from`: that one, and those below that the strategy reads. */
  storedLayers(from: number): readonly number[];
  /**
   * Runs the encoder with the strategy's seams.
   *
   * @param batch `inputIds` and `typeIds` int32 [B, T], `attentionMask` bool [B, T], the strategy's arrays and constants;
   *   with `range.from` > 0 also the stored inputs of `storedLayers(range.from)`, see {@link hiddenArray}
   * @throws RunError `fusion.batch.missing` where an array is missing, `fusion.range` where stored states lie above the
   *   first layer the strategy changes
   */
  run(weights: Weights, batch: TensorBatch, context: StepContext, range?: LayerRange): EncoderRun;
  /** The strategy's own pre-training losses of a run, by the names of its heads. */
  losses(run: EncoderRun, weights: Weights, batch: TensorBatch, context: StepContext): Readonly<Record<string, Loss>>;
}

/** Grafts a strategy onto an encoder; `none` (the empty object) leaves it as it is. */
export function createFusedEncoder(encoder: TransformerEncoder, fusion: Fusion): FusedEncoder {
  const heads = Object.entries(fusion.heads ?? {});
  const firstLayer = firstChangedLayer(fusion) ?? encoder.config.numLayers;
  const taps = fusion.output === undefined ? [] : (fusion.taps ?? []);
  return {
    encoder,
    fusion,
    firstLayer,
    parameters: [...encoder.parameters, ...(fusion.parameters ?? [])],
    headParameters: [...new Map(heads.flatMap(([, head]) => named(head))).values()],
    constants: fusion.constants ?? {},
    frozenIn(stage) {
      const { encoder: whole = false, parameters = [] } = fusion.freezes?.[stage] ?? {};
      return whole ? [...encoder.parameters.map(({ name }) => name), ...parameters] : parameters;
    },
    storedLayers: (from) => [...new Set([...taps.filter((tap) => tap < from), from])].sort((a, b) => a - b),
    run(weights, batch, context, range) {
      const from = range?.from ?? 0;
      if (from > firstLayer) throw storedTooHigh(from, firstLayer);
      const input = {
        ids: arrayOf(batch, batchArrays.inputIds),
        typeIds: batch[batchArrays.typeIds],
        attentionMask: arrayOf(batch, batchArrays.attentionMask),
        positionIds: batch[batchArrays.positionIds],
        visible: batch[batchArrays.visible],
      };
      const at = { weights, batch, context };
      const run = encoder.run(weights, input, context, {
        seams: seamsOf(fusion, at),
        keepStates: taps.length > 0,
        ...(range && { range }),
        ...(from > 0 && { hidden: arrayOf(batch, hiddenArray(from)) }),
      });
      if (fusion.output === undefined || (range?.to ?? encoder.config.numLayers) < encoder.config.numLayers) return run;
      const state = (tap: number): tf.Tensor =>
        tap < from ? arrayOf(batch, hiddenArray(tap)) : (run.states[tap - from] as tf.Tensor);
      return { ...run, stream: fusion.output(run.stream, new Map(taps.map((tap) => [tap, state(tap)])), at) };
    },
    losses(run, weights, batch, context) {
      const at = { weights, batch, context };
      return Object.fromEntries(heads.map(([name, head]) => [name, head.loss(run.stream.hidden, run.stream, at)]));
    },
  };
}

function named({ parameters, shared = [] }: FusionHead): readonly (readonly [string, ParameterSpec])[] {
  return [...parameters, ...shared].map((spec) => [spec.name, spec]);
}

/** Binds a strategy's seams to a step; a seam it lacks stays absent, so that the encoder takes its plain path. */
function seamsOf(fusion: Fusion, at: SeamInput): Seams {
  return {
    ...(fusion.attention && { attention: () => fusion.attention?.(at) ?? {} }),
    ...(fusion.embed && { embed: (stream) => fusion.embed?.(stream, at) ?? stream }),
    ...(fusion.layer && { layer: (stream, block) => fusion.layer?.(stream, block, at) }),
  };
}

function storedTooHigh(from: number, firstLayer: number): RunError {
  return new RunError({
    code: "fusion.range",
    at: "fusion.run",
    problem: `stored hidden states of layer ${from}, but the strategy changes layers from ${firstLayer} on`,
    wanted: `States may be stored for layers 0 to ${firstLayer}`,
  });
}
