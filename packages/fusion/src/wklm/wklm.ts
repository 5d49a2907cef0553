import { InputError } from "@kgraft/runtime";
import type { Fusion, FusionResources } from "../contract.ts";
import { defineFusion } from "../define-fusion.ts";
import { type AskedMention, askedMentions } from "./asked-mentions.ts";
import { collateMentions } from "./collate.ts";
import { entityTypes } from "./entity-types.ts";
import { type WklmOptions, wklmOptions } from "./options.ts";
import { replaceMentions } from "./replacement.ts";
import { officialNames, replacementHead } from "./replacement-head.ts";
import { readTypeMembers } from "./type-members.ts";

/** WKLM: pre-training that swaps entities for others of their type and asks which are the original. */
export const wklm = defineFusion<WklmOptions, readonly AskedMention[]>({
  name: "wklm",
  summary: "Pre-trains by swapping mentions for other entities of their type; fine-tuned it is a plain encoder.",
  paper: {
    title: "Pretrained Encyclopedia: Weakly Supervised Knowledge-Pretrained Language Model",
    authors: "Xiong, Du, Wang, Stoyanov",
    venue: "ICLR 2020",
    url: "https://openreview.net/forum?id=BJlzm64tDH",
  },
  options: wklmOptions,
  needs: ["graph", "linker"],
  accepts: ["text"],
  claims: ["text"],
  neutral: { replaceRate: 0, maskMentions: true },
  create: fusionOf,
});

function fusionOf(options: WklmOptions, resources: FusionResources): Fusion<readonly AskedMention[]> {
  const { encoder, tokenizer } = resources;
  const rewrite = rewriting(options, resources);
  return {
    officialNames: officialNames(options),
    // At rate 0 the text never changes, and is prepared once.
    ...(options.replaceRate > 0 && { rewrite }),
    prepare: (example, encoding) => askedMentions(example, encoding, tokenizer, options),
    collate: (batch, shape, draw) => (draw === undefined ? {} : collateMentions(batch, shape, options)),
    heads: { entityReplacement: replacementHead(encoder, options) },
  };
}

/** The graph is read once, when the first mention is to be replaced. */
function rewriting(
  { types: from, maxMembers, replaceRate }: WklmOptions,
  { graph, streams }: FusionResources,
): NonNullable<Fusion["rewrite"]> {
  if (graph === undefined) throw noGraph();
  const types = entityTypes(graph, from);
  let read: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  const members = () => {
    read ??= readTypeMembers(types.all(), { limit: maxMembers, streams });
    return read;
  };
  return (example, draw) => replaceMentions(example, draw, { graph, types, members, replaceRate });
}

function noGraph(): InputError {
  return new InputError({
    code: "fusion.wklm.graph",
    at: "config.fusion",
    problem: "wklm has no graph",
    wanted: "It swaps entities for others that share a type in the graph",
    fix: "Name a graph in the config",
  });
}
