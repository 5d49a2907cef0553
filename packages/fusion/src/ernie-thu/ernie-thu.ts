import type { EncoderConfig } from "@kgraft/encoder";
import { ops } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { Fusion, FusionResources } from "../contract.ts";
import { defineFusion } from "../define-fusion.ts";
import { type AlignedEntities, alignEntities } from "./alignment.ts";
import { alignmentHead } from "./alignment-head.ts";
import { type Candidates, statedCandidates } from "./candidates.ts";
import { arrays, collateAlignments } from "./collate.ts";
import { entityTable } from "./entity-table.ts";
import { type FusedLayerSettings, fuseLayer } from "./fused-layer.ts";
import { planLayers } from "./layer-plan.ts";
import { type ErnieThuOptions, ernieThuOptions, type LayerKind } from "./options.ts";
import { downNames, headParameters, layerParameters, type Sizes } from "./parameters.ts";

/** ERNIE (Tsinghua): a second, narrow stream of entity vectors that upper layers mix into the words. */
export const ernieThu = defineFusion<ErnieThuOptions, AlignedEntities>({
  name: "ernie-thu",
  summary: "Feeds each linked entity's vector into the feed-forward of upper layers, beside the words.",
  paper: {
    title: "ERNIE: Enhanced Language Representation with Informative Entities",
    authors: "Zhang, Han, Liu, Jiang, Sun, Liu",
    venue: "ACL 2019",
    url: "https://aclanthology.org/P19-1139",
  },
  options: ernieThuOptions,
  needs: ["vectors", "linker"],
  accepts: ["text"],
  claims: ["layer"],
  neutral: { fusedLayers: [] },
  create(options, resources) {
    const plan = planLayers(options, resources.encoder.numLayers);
    // Without a fused layer there is no entity stream, so nothing to align either: plain BERT.
    return plan.every((kind) => kind === "sim") ? {} : fusionOf(options, plan, resources);
  },
});

function fusionOf(
  options: ErnieThuOptions,
  plan: readonly LayerKind[],
  { encoder, vectors }: FusionResources,
): Fusion<AlignedEntities> {
  const table = entityTable(vectors, options);
  const sizes = sizesOf(encoder, table.dimension);
  const layers = layerParameters(plan, sizes);
  let stated: Candidates | undefined;
  const candidates = (): Candidates | undefined => {
    stated ??= statedCandidates(options.candidates, table);
    return stated;
  };
  const lastFused = plan.findLastIndex((kind) => kind !== "sim");
  return {
    parameters: layers.specs,
    officialNames: { ...layers.officialNames, ...headParameters(sizes).officialNames },
    constants: { [arrays.entityVectors]: table.array },
    firstLayer: plan.findIndex((kind) => kind !== "sim"),
    // Nothing reads the entity stream behind the last fused layer; the released checkpoint still has these.
    freezes: { pretraining: { parameters: downNames(lastFused) }, finetuning: { parameters: downNames(lastFused) } },
    prepare: (example, encoding) => alignEntities(example.mentions ?? [], encoding, table.rowOf, options.alignment),
    collate: (batch, shape, draw) => collateAlignments(batch, shape, options, draw, draw && candidates()),
    embed: (stream, { batch }) => {
      const entity = ops.embedding(arrayOf(batch, arrays.entityVectors), arrayOf(batch, arrays.entityIds)); // [B, T, E]
      return { ...stream, side: { ...stream.side, entity } };
    },
    layer(stream, block, at) {
      const kind = plan[block.index];
      if (kind === undefined || kind === "sim") return undefined;
      const settings = { ...settingsOf(options, encoder), kind, entityRead: block.index < lastFused };
      return fuseLayer(stream, block, at, settings);
    },
    heads: { entityAlignment: alignmentHead(sizes, encoder.layerNormEpsilon) },
    inspect: ({ knowledge }) => ({ entities: Array.from(knowledge, table.entityOf) }),
  };
}

function sizesOf(encoder: EncoderConfig, dimension: number): Sizes {
  return {
    hidden: encoder.hiddenSize,
    intermediate: encoder.intermediateSize,
    entity: dimension,
    deviation: encoder.initializerRange,
  };
}

function settingsOf(
  { entityHeads, dropout }: ErnieThuOptions,
  encoder: EncoderConfig,
): Omit<FusedLayerSettings, "kind" | "entityRead"> {
  return {
    entityHeads,
    hiddenDropout: dropout ?? encoder.hiddenDropout,
    attentionDropout: dropout ?? encoder.attentionDropout,
    layerNormEpsilon: encoder.layerNormEpsilon,
  };
}
