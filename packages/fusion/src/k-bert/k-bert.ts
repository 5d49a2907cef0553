import { firstPosition } from "@kgraft/encoder";
import type { Graph } from "@kgraft/kg";
import { InputError } from "@kgraft/runtime";
import type { tf } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { Fusion, FusionResources, SeamInput } from "../contract.ts";
import { defineFusion } from "../define-fusion.ts";
import { arrays, collateTrees } from "./collate.ts";
import { type KBertOptions, kBertOptions } from "./options.ts";
import { treePlanter } from "./plant-tree.ts";
import type { TreePlaces } from "./sentence-tree.ts";
import { visibleRows } from "./visible-matrix.ts";

/** K-BERT: triples join the sentence as branches that only their mention sees. */
export const kBert = defineFusion<KBertOptions, TreePlaces>({
  name: "k-bert",
  summary: "Hangs triples into the text as branches that only their mention sees.",
  paper: {
    title: "K-BERT: Enabling Language Representation with Knowledge Graph",
    authors: "Liu, Zhou, Zhao, Wang, Ju, Deng, Wang",
    venue: "AAAI 2020",
    url: "https://arxiv.org/abs/1909.07606",
  },
  options: kBertOptions,
  needs: ["graph", "linker"],
  accepts: ["text"],
  claims: ["pieces", "attention"],
  neutral: { maxTriplesPerMention: 0 },
  create: (options, resources) => (options.maxTriplesPerMention === 0 ? {} : fusionOf(options, resources)),
});

function fusionOf(options: KBertOptions, resources: FusionResources): Fusion<TreePlaces> {
  const { positions, visibleMatrix } = options;
  return {
    prepare: treePlanter(options, { ...resources, graph: graphOf(resources) }),
    collate: (batch, shape) => collateTrees(batch, shape, options, firstPosition(resources.encoder)),
    ...((positions === "soft" || visibleMatrix) && { attention: (at) => attention(at, options) }),
    inspect: ({ knowledge }) => ({
      ...(positions === "soft" && { positions: [...knowledge.softPositions] }),
      branches: [...knowledge.branches],
      ...(visibleMatrix && { visible: visibleRows(knowledge) }),
    }),
  };
}

function attention(
  { batch }: SeamInput,
  { positions, visibleMatrix }: KBertOptions,
): { positionIds?: tf.Tensor; visible?: tf.Tensor } {
  return {
    ...(positions === "soft" && { positionIds: arrayOf(batch, arrays.softPositions) }),
    ...(visibleMatrix && { visible: arrayOf(batch, arrays.visible) }),
  };
}

/** @throws InputError `fusion.k-bert.graph` */
function graphOf({ graph }: FusionResources): Graph {
  if (graph !== undefined) return graph;
  throw new InputError({
    code: "fusion.k-bert.graph",
    at: "config.fusion",
    problem: "k-bert has no graph",
    wanted: "It hangs the triples of each linked entity into the text",
    fix: "Name a graph in the config",
  });
}
