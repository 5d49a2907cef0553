import type { StoredId } from "./cypher.ts";
import type { MappedNodes } from "./mapped-nodes.ts";

/** Nodes of one label. All parts of a mapping have ids of one type. */
export interface Part {
  readonly number: number;
  readonly label: string;
  readonly idType: "string" | "integer";
  readonly nodes: number;
}

/** A piece of a part's index: ids above `from`, up to `to`. */
export interface KeyRange {
  readonly part: Part;
  readonly from: StoredId;
  readonly to: StoredId;
}

const lowest = { string: "", integer: -(2n ** 63n) } as const;

/** Cuts a part's index into pieces of so many nodes. */
export async function* keyRanges(nodes: MappedNodes, part: Part, nodesOfRange: number): AsyncGenerator<KeyRange> {
  const query = nodes.queries.nextRange(part.number);
  const kgraftRows = BigInt(nodesOfRange);
  for (let from: StoredId = lowest[part.idType]; ; ) {
    const { rows } = await nodes.read(query, { kgraftFrom: from, kgraftRows }, "reading the index");
    const [to, found] = rows[0] as [StoredId | null, bigint];
    if (to === null) return;
    yield { part, from, to };
    if (found < kgraftRows) return;
    from = to;
  }
}
