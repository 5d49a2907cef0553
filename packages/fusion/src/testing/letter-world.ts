import { buildGraph, type Graph } from "@kgraft/kg";
import { streams } from "@kgraft/runtime";
import { specialPieces, type TextExample } from "@kgraft/text";
import { smallTokenizer } from "./small-tokenizer.ts";
import { type SmallWorld, smallEncoder } from "./small-world.ts";

/** Head, relation and tail in words: each is its own label. */
export type WordTriple = readonly [head: string, relation: string, tail: string];

const letters = "abcdefghijklmnopqrstuvwxyz";

/**
 * A world as K-BERT's Chinese one: every letter is a token, words are entities, and a single text has no closing [SEP].
 *
 * @param vocabularySize rows of the encoder's word table, at least one for each letter and special piece
 */
export async function letterWorld(
  triples: readonly WordTriple[],
  vocabularySize = specialPieces.length + letters.length,
): Promise<SmallWorld> {
  return {
    encoder: { ...smallEncoder, vocabularySize },
    tokenizer: await smallTokenizer({ vocabulary: [...specialPieces, ...letters], prefix: "", closed: false }),
    streams: streams(3),
    graph: await wordGraph(triples),
    vectors: { ids: [], row: new Map(), dimension: 1, values: new Float32Array(0) },
    examples: [],
    triples: [],
  };
}

/** A graph whose entities are words. */
function wordGraph(triples: readonly WordTriple[]): Promise<Graph> {
  const words = new Set(triples.flatMap(([head, , tail]) => [head, tail]));
  return buildGraph("words", {
    entities: [...words].map((id) => ({ id, label: id, aliases: [], types: [], properties: {} })),
    triples: triples.map(([head, relation, tail]) => ({ head, relation, tail })),
  });
}

/** A text of words, with a mention wherever one of the linked words stands. */
export function wordExample(words: readonly string[], linked: Iterable<string>, pair?: readonly string[]): TextExample {
  const entities = new Set(linked);
  const mentions: { start: number; end: number; entity: string }[] = [];
  let start = 0;
  for (const word of words) {
    if (entities.has(word)) mentions.push({ start, end: start + word.length, entity: word });
    start += word.length + 1;
  }
  return { id: words.join("-"), text: words.join(" "), pair: pair?.join(" "), mentions };
}
