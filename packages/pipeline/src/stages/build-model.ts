import { addParameters, type CheckpointWithTokenizer } from "@kgraft/encoder";
import {
  createFusedEncoder,
  type FusedEncoder,
  type Fusion,
  type FusionResources,
  loadStoredParameters,
  stackFusions,
} from "@kgraft/fusion";
import type { EntityVectors } from "@kgraft/kg-embedding";
import type { Progress, Streams } from "@kgraft/runtime";
import { Parameters } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { type CheckedArm, controlOf } from "../arms.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { Provenance } from "../provenance.ts";

/** An arm's model at the start of its training. */
export interface ArmModel {
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
}

/** What an arm's model is made from. */
export interface ArmResources {
  readonly config: RunConfig;
  readonly arm: CheckedArm;
  readonly checkpoint: CheckpointWithTokenizer;
  readonly resources: FusionResources;
  readonly streams: Streams;
  readonly progress: Progress;
  /** Watches what the strategies put into examples. */
  readonly provenance: Provenance | undefined;
}

/** Grafts an arm's strategies onto the checkpoint's encoder and gives every parameter its first value. */
export async function buildModel({
  config,
  arm,
  checkpoint,
  resources,
  streams,
  progress,
  provenance,
}: ArmResources): Promise<ArmModel> {
  const fusion = createFusion(config, arm, resources);
  const model = createFusedEncoder(checkpoint.encoder, provenance?.noting(fusion) ?? fusion);
  const parameters = Parameters.create([], streams);
  await addParameters(parameters, checkpoint.encoder.parameters, checkpoint.weights, streams, progress);
  parameters.add(
    model.parameters.filter(({ name }) => !parameters.has(name)),
    streams,
  );
  await loadStoredParameters(fusion, parameters);
  return { model, parameters };
}

/** Makes what an arm's strategies are together. */
export function createFusion(config: RunConfig, arm: CheckedArm, resources: FusionResources): Fusion {
  const [only, ...others] = arm.strategies;
  const options =
    others.length === 0
      ? strategyOptions(config, only)
      : Object.fromEntries(arm.strategies.map((name) => [name, strategyOptions(config, name)]));
  return stackFusions(arm.definitions, arm.name).create(options, resources);
}

/** A strategy's options: those that the config states, else its defaults. */
export function strategyOptions(config: RunConfig, name: string): unknown {
  return config.strategies.get(name) ?? config.registry.get("fusion", name, "strategies").definition.options.parse({});
}

/** The vectors that an arm's control leaves it. */
export function controlledVectors(
  arm: CheckedArm,
  vectors: EntityVectors | undefined,
  streams: Streams,
): EntityVectors | undefined {
  const control = controlOf(arm);
  return vectors === undefined || control?.vectors === undefined ? vectors : control.vectors(vectors, streams);
}

/** The examples that an arm's control leaves it. */
export function controlledExamples(arm: CheckedArm, examples: readonly TextExample[]): readonly TextExample[] {
  const change = controlOf(arm)?.example;
  return change === undefined ? examples : examples.map(change);
}
