import type { EncoderConfig } from "@kgraft/encoder";
import { buildGraph, type Graph, relationWords } from "@kgraft/kg";
import type { EntityVectors } from "@kgraft/kg-embedding";
import { type Streams, streams } from "@kgraft/runtime";
import { specialPieces, type TextExample, type TripleTerm } from "@kgraft/text";
import type { FusionResources } from "../contract.ts";
import { smallTokenizer } from "./small-tokenizer.ts";

/** Everything a strategy can be built from, small enough for a test: real parts, made-up facts. */
export interface SmallWorld extends FusionResources {
  readonly graph: Graph;
  readonly vectors: EntityVectors;
  /** Linked texts: several mentions, one of several pieces, an entity without vector, no mention, a target, a pair. */
  readonly examples: readonly TextExample[];
  /** Triples in words, true and false ones and one that nothing is known of. */
  readonly triples: readonly TextExample[];
}

const words =
  "the a of in on and plays sings lives at night lute harp song river town marl tarn hill old ##s ##wick ##ton gor";
const vocabulary = [...specialPieces, ...words.split(" ")];

const entities = [
  { id: "Q1", label: "Gorwick", types: ["person"] },
  { id: "Q2", label: "Gorton", types: ["person"] },
  { id: "Q3", label: "Marl", types: ["place"] },
  { id: "Q4", label: "Tarn", types: ["place"] },
  { id: "Q5", label: "lute", types: ["instrument"] },
  { id: "Q6", label: "harp", types: ["instrument"] },
  { id: "Q7", label: "the hill", types: ["place"] },
];

const triples = ["Q1 plays Q5", "Q2 plays Q6", "Q1 livesIn Q3", "Q2 livesIn Q4", "Q3 near Q4", "Q3 near Q7"];

/** The encoder of the small world: 4 layers of 16. */
export const smallEncoder: EncoderConfig = {
  modelType: "bert",
  vocabularySize: vocabulary.length,
  hiddenSize: 16,
  embeddingSize: 16,
  numLayers: 4,
  numHeads: 2,
  intermediateSize: 24,
  activation: "gelu",
  maxPositions: 40,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  padTokenId: 0,
  hiddenDropout: 0.1,
  attentionDropout: 0.1,
  initializerRange: 0.02,
};

/** Makes the small world of a seed. */
export async function smallWorld(seed = 7): Promise<SmallWorld> {
  const draws = streams(seed);
  return {
    encoder: smallEncoder,
    tokenizer: await smallTokenizer({ vocabulary }),
    streams: draws,
    graph: await smallGraph(),
    vectors: smallVectors(draws),
    examples,
    triples: tripleExamples(),
  };
}

const examples: readonly TextExample[] = [
  linked("musician", "Gorwick plays the lute in Marl", { Gorwick: "Q1", lute: "Q5", Marl: "Q3" }, "the lute"),
  linked("pair", "Gorton sings at night", { Gorton: "Q2" }, "Gorton", "the old songs of Tarn"),
  linked("without vector", "the old harp on the hill", { harp: "Q6", "the hill": "Q7" }, "hill"),
  linked("without mention", "a song of night and river", {}, "song"),
];

/** An example whose mentions and target are the first places where their words stand. */
function linked(
  id: string,
  text: string,
  links: Readonly<Record<string, string>>,
  target: string,
  pair?: string,
): TextExample {
  const span = (surface: string) => ({ start: text.indexOf(surface), end: text.indexOf(surface) + surface.length });
  const mentions = Object.entries(links).map(([surface, entity]) => ({ ...span(surface), entity, score: 1 }));
  return { id, text, pair, mentions, target: span(target), labels: ["thing"] };
}

/** The graph's triples, each with a false one beside it; the last has no label. */
function tripleExamples(): readonly TextExample[] {
  const wordsOf = new Map(entities.map(({ id, label }) => [id, label]));
  const stated = [...triples.map((line) => [line, "1"]), ["Q5 near Q1", "0"], ["Q3 plays Q6", "0"], ["Q2 near Q7"]];
  return stated.map(([line = "", label], i) => {
    const [head, relation, tail] = line
      .split(" ")
      .map((id) => ({ id, text: wordsOf.get(id) ?? relationWords(id) })) as [TripleTerm, TripleTerm, TripleTerm];
    return {
      id: `triple-${i}`,
      text: `${head.text} ${relation.text} ${tail.text}`,
      triple: { head, relation, tail },
      ...(label !== undefined && { labels: [label] }),
    };
  });
}

function smallGraph(): Promise<Graph> {
  return buildGraph("small world", {
    entities: entities.map((entity) => ({ ...entity, aliases: [], properties: {} })),
    triples: triples.map((line) => {
      const [head, relation, tail] = line.split(" ") as [string, string, string];
      return { head, relation, tail };
    }),
  });
}

/** Vectors of 12 numbers for all entities but the last. */
function smallVectors(draws: Streams): EntityVectors {
  const ids = entities.slice(0, -1).map(({ id }) => id);
  const dimension = 12;
  const values = draws.at("small world").fillNormal(new Float32Array(ids.length * dimension), 0.5);
  return { ids, row: new Map(ids.map((id, row) => [id, row])), dimension, values };
}
