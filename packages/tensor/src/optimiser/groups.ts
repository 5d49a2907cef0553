import { InputError } from "@kgraft/runtime";
import type { ParameterSpec } from "../contract.ts";
import { nearestNames } from "../nearest-names.ts";
import { compilePattern, namePattern } from "./pattern.ts";

/** Other settings for the parameters whose name matches; the first group that matches decides. */
export interface ParameterGroup {
  /** A glob over the whole name (`fusion/*`), or `/a regular expression/`. */
  readonly match: string;
  /** Base learning rate instead of the optimiser's. */
  readonly rate?: number;
  /** Weight decay instead of the optimiser's; biases and normalization still have none. */
  readonly decay?: number;
  /** Neither gradient nor update. */
  readonly frozen?: boolean;
}

/** Lower layers learn slower: the rate of layer l of L is multiplied by factor^(L - 1 - l), the embeddings' by factor^L. */
export interface LayerwiseDecay {
  readonly factor: number;
  /** A regular expression that finds a layer's number as its first group. Default: an encoder's layers under their Hugging Face names. */
  readonly layer?: string;
  /** A regular expression that finds the embeddings. Default likewise. */
  readonly embeddings?: string;
}

/** What one parameter is trained with. */
export interface ParameterPlan {
  readonly spec: ParameterSpec;
  /** Base rate; the schedule's factor comes on top. */
  readonly rate: number;
  readonly decay: number;
  readonly frozen: boolean;
}

/** Rate and decay where no group says otherwise. */
export interface PlanDefaults {
  readonly rate: number;
  readonly decay: number;
}

const encoderLayer = "^(?:\\w+\\.)?(?:encoder\\.layer|transformer\\.layer)\\.(\\d+)\\.";
const encoderEmbeddings = "^(?:\\w+\\.)?embeddings\\.";

/**
 * Decides for every parameter with what rate and decay it is trained, and whether at all.
 *
 * @throws InputError `tensor.groups.unmatched` for a pattern that matches no parameter, `tensor.groups.frozen` where
 * nothing is left to train
 */
export function planParameters(
  specs: readonly ParameterSpec[],
  defaults: PlanDefaults,
  groups: readonly ParameterGroup[] = [],
  layerwise?: LayerwiseDecay,
): readonly ParameterPlan[] {
  const names = specs.map(({ name }) => name);
  const matchers = groups.map(({ match }, i) => {
    const matches = namePattern(match, `groups[${i}].match`);
    if (!names.some(matches)) throw unmatched(`groups[${i}].match`, match, names);
    return matches;
  });
  const slowdown = layerwise === undefined ? () => 1 : layerSlowdown(names, layerwise);
  const plans = specs.map((spec) => {
    const group = groups[matchers.findIndex((matches) => matches(spec.name))];
    return {
      spec,
      rate: (group?.rate ?? defaults.rate) * slowdown(spec.name),
      decay: decays(spec) ? (group?.decay ?? defaults.decay) : 0,
      frozen: group?.frozen ?? false,
    };
  });
  if (plans.every(({ frozen }) => frozen)) throw nothingToTrain(plans.length);
  return plans;
}

/** Whether weight decay (and LAMB's adaptation) is for such parameters. */
export function decays({ role }: ParameterSpec): boolean {
  return role !== "bias" && role !== "normalization";
}

function layerSlowdown(names: readonly string[], layerwise: LayerwiseDecay): (name: string) => number {
  const { factor, layer = encoderLayer, embeddings = encoderEmbeddings } = layerwise;
  const layerPattern = compilePattern(layer, "layerwiseDecay.layer");
  const embeddingPattern = compilePattern(embeddings, "layerwiseDecay.embeddings");
  const layerOf = (name: string): number | undefined => {
    const found = layerPattern.exec(name)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const layers = 1 + Math.max(-1, ...names.map((name) => layerOf(name) ?? -1));
  if (layers === 0) throw unmatched("layerwiseDecay.layer", layer, names);
  return (name) => {
    const index = layerOf(name);
    if (index !== undefined) return factor ** (layers - 1 - index);
    return embeddingPattern.test(name) ? factor ** layers : 1;
  };
}

function unmatched(at: string, pattern: string, names: readonly string[]): InputError {
  return new InputError({
    code: "tensor.groups.unmatched",
    at,
    problem: `"${pattern}" matches no parameter`,
    wanted: nearestNames(pattern, names),
  });
}

function nothingToTrain(count: number): InputError {
  return new InputError({
    code: "tensor.groups.frozen",
    at: "groups",
    problem: `all ${count} parameters are frozen`,
    wanted: "Wanted something to train",
  });
}
