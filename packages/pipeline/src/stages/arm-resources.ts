import type { CheckpointWithTokenizer } from "@kgraft/encoder";
import { type FusionResources, reads } from "@kgraft/fusion";
import type { Graph } from "@kgraft/kg";
import type { EntityVectors } from "@kgraft/kg-embedding";
import { collect, streams as streamsOf } from "@kgraft/runtime";
import { type CheckedArm, controlOf } from "../arms.ts";
import type { SharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import { controlledVectors } from "./build-model.ts";

/** What an arm's strategies are built from. */
export interface ArmNeeds {
  readonly arm: CheckedArm;
  readonly seed: number;
  readonly checkpoint: CheckpointWithTokenizer;
  /** See {@link armGraph}. */
  readonly graph: Graph | undefined;
  /** As they were trained: the arm's control is applied here. */
  readonly vectors: EntityVectors | undefined;
}

/** Whether a strategy of an arm reads entity vectors. */
export function readsVectors({ definitions }: CheckedArm): boolean {
  return definitions.some((definition) => reads(definition, "vectors"));
}

/** Whether a strategy of an arm reads the graph: one that cannot do without, or that uses one where there is one. */
function readsGraph({ graph }: RunConfig, { definitions }: CheckedArm): boolean {
  return graph !== undefined && definitions.some((definition) => reads(definition, "graph"));
}

/**
 * Opens the graph as an arm's strategies read it: under its control; undefined where none reads one.
 *
 * @param change made to what the control leaves
 */
export async function armGraph(
  shared: SharedWork,
  arm: CheckedArm,
  seed: number,
  change: (graph: Graph) => Graph = (graph) => graph,
): Promise<Graph | undefined> {
  if (!readsGraph(shared.config, arm)) return undefined;
  const graph = await shared.graph();
  const control = controlOf(arm);
  return change(control?.graph === undefined ? graph : await control.graph(graph, streamsOf(seed)));
}

/** Puts together what an arm's strategies are built from. */
export async function armResources({ arm, seed, checkpoint, graph, vectors }: ArmNeeds): Promise<FusionResources> {
  const streams = streamsOf(seed);
  return {
    encoder: checkpoint.encoder.config,
    tokenizer: checkpoint.tokenizer,
    streams,
    graph,
    relations: graph && (await collect(graph.relations())),
    vectors: controlledVectors(arm, vectors, streams),
  };
}
