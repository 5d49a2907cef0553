import { streams } from "@kgraft/runtime";
import type { ArchiveTriples, IdTriple } from "./triple-archive.ts";

/**
 * Keeps entities that are near each other in the training triples, breadth first from one that is drawn, and the triples of
 * all parts among them. Where a component ends, another entity is drawn.
 */
export function connectedSample(all: ArchiveTriples, entities: number, seed: number): ArchiveTriples {
  const neighbours = new Map<string, string[]>();
  const join = (from: string, to: string): void => {
    const there = neighbours.get(from);
    if (there === undefined) neighbours.set(from, [to]);
    else there.push(to);
  };
  for (const [head, , tail] of all.train) {
    join(head, tail);
    join(tail, head);
  }
  const kept = reached(neighbours, entities, seed);
  const among = (triples: readonly IdTriple[]) => triples.filter(([head, , tail]) => kept.has(head) && kept.has(tail));
  return { ...all, train: among(all.train), validation: among(all.validation), test: among(all.test) };
}

function reached(neighbours: ReadonlyMap<string, readonly string[]>, most: number, seed: number): ReadonlySet<string> {
  const ids = [...neighbours.keys()];
  const starts = streams(seed).at("dataset/connected-sample").permutation(ids.length);
  const kept = new Set<string>();
  for (const start of starts) {
    const queue = [ids[start] as string];
    for (const id of queue) {
      if (kept.size >= most) return kept;
      if (kept.has(id)) continue;
      kept.add(id);
      queue.push(...(neighbours.get(id) ?? []));
    }
  }
  return kept;
}
