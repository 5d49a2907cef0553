import { addParameters, type Checkpoint, familyOf, type ModelPart } from "@kgraft/encoder";
import { createFusedEncoder, type FusedEncoder, type Fusion, type FusionResources } from "@kgraft/fusion";
import { buildGraph } from "@kgraft/kg";
import { type EntityVectors, readEntityVectors } from "@kgraft/kg-embedding";
import { InputError, silent, streams } from "@kgraft/runtime";
import type { Task } from "@kgraft/tasks";
import { Parameters } from "@kgraft/tensor";
import type { Tokenizer } from "@kgraft/text";
import { assignPart } from "../saved-model/part-weights.ts";
import { placeholderVectors, readSavedFusion, type SavedFusion } from "../saved-model/restore-fusion.ts";
import { restoreTask } from "../saved-model/restore-task.ts";
import type { ConversionRequest } from "./conversion.ts";
import { type ModelHead, modelHeads } from "./model-heads.ts";

/** A saved model as it is served: encoder, strategy, head and their weights. */
export interface ServedModel {
  readonly checkpoint: Checkpoint;
  readonly weights: Parameters;
  /** The encoder with its strategy; entity vectors that the file does not hold stand in for `rows` of any. */
  fused(rows: number): FusedEncoder;
  /** The head of a fine-tuning, if the folder has one. */
  readonly task: Task | undefined;
  /** Heads under the family's own names. */
  readonly heads: readonly ModelHead[];
  /** Whether the folder holds the family's pooler. */
  readonly pooled: boolean;
  /** The entities of the vectors that were given, in their order. */
  readonly entities: readonly string[] | undefined;
}

/**
 * Puts a saved model together from its folder; the caller disposes of its weights.
 *
 * @throws InputError where a part does not say how it was made, or lacks a weight
 */
export async function openServedModel(
  checkpoint: Checkpoint,
  { registry, vectors: folder }: Pick<ConversionRequest, "registry" | "vectors">,
): Promise<ServedModel> {
  const { encoder, fusion, head, missing, origin } = checkpoint;
  const vectors = folder === undefined ? undefined : await readEntityVectors(folder);
  const at = origin.folder;
  const create: (rows: number) => Fusion =
    fusion === undefined ? () => ({}) : await fusionMaker(fusion, checkpoint, registry, vectors);
  const task = head === undefined ? undefined : restoreTask(head, encoder, registry, at);
  const heads = head === undefined ? modelHeads(checkpoint) : [];
  const pooler = familyOf(encoder.config.modelType).names.pooler;
  const weights = Parameters.create([], streams(0));
  const family = [...encoder.parameters, ...heads.flatMap(({ parameters }) => parameters)];
  await addParameters(weights, family, checkpoint.weights, streams(0), silent);
  assignPart(weights, create(1).parameters ?? [], fusion, `${at}/fusion.safetensors`);
  assignPart(weights, task?.parameters ?? [], head, `${at}/head.safetensors`);
  return {
    checkpoint,
    weights,
    fused: (rows) => createFusedEncoder(encoder, create(rows)),
    task,
    heads,
    pooled: pooler !== undefined && missing.length === 0,
    entities: vectors?.ids,
  };
}

/** Makes the strategy: with the vectors that were given, else with some that stand in for them. */
async function fusionMaker(
  part: ModelPart,
  { encoder, tokenizer, origin }: Checkpoint,
  registry: ConversionRequest["registry"],
  vectors: EntityVectors | undefined,
): Promise<(rows: number) => Fusion> {
  const at = origin.folder;
  const saved: SavedFusion = readSavedFusion(part, registry, at);
  const resources: FusionResources = {
    encoder: encoder.config,
    tokenizer: required(tokenizer, at),
    streams: streams(0),
    ...(await standInGraph()),
    vectors,
  };
  if (vectors !== undefined || !saved.needs.includes("vectors")) return () => saved.create(resources);
  const standIn = placeholderVectors(saved, part, resources, at);
  return (rows) => saved.create({ ...resources, vectors: standIn(rows) });
}

/** A served model reads its knowledge from its inputs: any graph will do to put it together. */
async function standInGraph(): Promise<Pick<FusionResources, "graph" | "relations">> {
  const entity = (id: string) => ({ id, label: id, aliases: [], types: ["thing"], properties: {} });
  const relations = [{ id: "near", label: "near" }];
  const triples = [{ head: "a", relation: "near", tail: "b" }];
  return {
    graph: await buildGraph("any graph", { entities: [entity("a"), entity("b")], relations, triples }),
    relations,
  };
}

function required(tokenizer: Tokenizer | undefined, at: string): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new InputError({
    code: "convert.tokenizer",
    at,
    problem: "has no tokenizer.json",
    wanted: "A model with a strategy or a head is put together with its tokenizer",
  });
}
