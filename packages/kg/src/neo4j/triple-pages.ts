import type { Triple } from "../graph.ts";
import { compareIds } from "../id-order.ts";
import type { StoredId } from "./cypher.ts";
import { inOrder } from "./in-order.ts";
import { type KeyRange, keyRanges, type Part } from "./key-ranges.ts";
import type { MappedNodes } from "./mapped-nodes.ts";

/** The triples of one head, in two lists of one length. */
export interface HeadTriples {
  readonly head: StoredId;
  readonly relations: readonly string[];
  readonly tails: readonly StoredId[];
}

/** The heads of a page; one that has very many triples may stand in several pages. */
export type TriplePage = readonly HeadTriples[];

export function tripleCount(page: TriplePage): number {
  return page.reduce((sum, { tails }) => sum + tails.length, 0);
}

/** Streams a part's triples in pages, several read at a time; page by page in the order of heads, within one in no order. */
export async function* triplePages(nodes: MappedNodes, part: Part): AsyncGenerator<TriplePage> {
  const heads = await headsOfPage(nodes);
  yield* inOrder(keyRanges(nodes, part, heads), nodes.options.readers, (range) => pagesOf(nodes, range));
}

/** Streams a part's triples by head, relation and tail. */
export async function* sortedTriples(nodes: MappedNodes, part: Part): AsyncGenerator<Triple> {
  for await (const page of triplePages(nodes, part))
    for (const { head, relations, tails } of page.toSorted((a, b) =>
      nodes.compareIds(String(a.head), String(b.head)),
    )) {
      const own = relations.map((relation, i) => ({ head: String(head), relation, tail: String(tails[i]) }));
      if (own.length > 1) own.sort((a, b) => compareIds(a.relation, b.relation) || nodes.compareIds(a.tail, b.tail));
      for (const triple of own) yield triple;
    }
}

/** So many heads that their triples fill half a page in the mean; a fuller range has to be read in sorted pages. */
async function headsOfPage(nodes: MappedNodes): Promise<number> {
  const { pageRows } = nodes.options;
  const heads = Math.floor((0.5 * pageRows * nodes.nodes) / Math.max(1, await nodes.mostTriples()));
  return Math.max(20, Math.min(pageRows, heads));
}

/** A range's triples: in one page where they fit, else in sorted ones. */
async function* pagesOf(nodes: MappedNodes, range: KeyRange): AsyncGenerator<TriplePage> {
  const most = nodes.options.pageRows;
  const { rows } = await nodes.read(
    nodes.queries.triplesByHead(range.part.number),
    { kgraftFrom: range.from, kgraftTo: range.to, kgraftRows: BigInt(most + 1) },
    "reading triples",
  );
  const page = (rows as unknown as [StoredId, string[], StoredId[]][]).map(
    ([head, relations, tails]): HeadTriples => ({ head, relations, tails }),
  );
  const triples = tripleCount(page);
  if (triples > most) yield* sortedPages(nodes, range);
  else if (triples > 0) yield page;
}

/** Pages of a range that has too many triples for one; the cursor is the last head and how many of its triples were given. */
async function* sortedPages(nodes: MappedNodes, { part, from, to }: KeyRange): AsyncGenerator<TriplePage> {
  const most = nodes.options.pageRows;
  const cursor = { from, given: 0, inclusive: false };
  while (true) {
    const found = await nodes.read(
      nodes.queries.triples(part.number, cursor.inclusive),
      { kgraftFrom: cursor.from, kgraftTo: to, kgraftSkip: BigInt(cursor.given), kgraftRows: BigInt(most) },
      "reading triples",
    );
    const page = grouped(found.rows as unknown as [StoredId, string, StoredId][]);
    const last = page[page.length - 1];
    if (last !== undefined) yield page;
    if (last === undefined || found.rows.length < most) return;
    const before = cursor.inclusive && last.head === cursor.from ? cursor.given : 0;
    cursor.given = before + last.tails.length;
    cursor.from = last.head;
    cursor.inclusive = true;
  }
}

/** Triples that stand by head, put together by it. */
function grouped(rows: readonly (readonly [head: StoredId, relation: string, tail: StoredId])[]): TriplePage {
  const page: { readonly head: StoredId; readonly relations: string[]; readonly tails: StoredId[] }[] = [];
  for (const [head, relation, tail] of rows) {
    let own = page[page.length - 1];
    if (own?.head !== head) {
      own = { head, relations: [], tails: [] };
      page.push(own);
    }
    own.relations.push(relation);
    own.tails.push(tail);
  }
  return page;
}
