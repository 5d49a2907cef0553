import type { Triple } from "../graph.ts";
import { compareIds } from "../id-order.ts";
import type { StoredId } from "./cypher.ts";
import { inOrder } from "./in-order.ts";
import { type KeyRange, keyRanges, type Part } from "./key-ranges.ts";
import type { MappedNodes } from "./mapped-nodes.ts";

/** Triples in three lists of one length; those of a head stand together. */
export interface TriplePage {
  readonly heads: readonly StoredId[];
  readonly relations: readonly string[];
  readonly tails: readonly StoredId[];
}

/** Streams a part's triples in pages, several read at a time; page by page in the order of heads, within one in no order. */
export async function* triplePages(nodes: MappedNodes, part: Part): AsyncGenerator<TriplePage> {
  for await (const { heads, relations, tails } of groupedPages(nodes, part))
    yield {
      heads: relations.flatMap((own, i) => own.map(() => heads[i] as StoredId)),
      relations: relations.flat(),
      tails: tails.flat(),
    };
}

/** Streams a part's triples by head, relation and tail. */
export async function* sortedTriples(nodes: MappedNodes, part: Part): AsyncGenerator<Triple> {
  for await (const { heads, relations, tails } of groupedPages(nodes, part)) {
    const order = [...heads.keys()].sort((a, b) => nodes.compareIds(String(heads[a]), String(heads[b])));
    for (const i of order) {
      const head = String(heads[i]);
      const own = (relations[i] as readonly string[]).map((relation, j) => ({
        ...{ head, relation },
        tail: String(tails[i]?.[j]),
      }));
      if (own.length > 1) own.sort((a, b) => compareIds(a.relation, b.relation) || nodes.compareIds(a.tail, b.tail));
      for (const triple of own) yield triple;
    }
  }
}

/** A page as the server groups it: heads, in no order, and the relations and tails of each. */
interface GroupedPage {
  readonly heads: readonly StoredId[];
  readonly relations: readonly (readonly string[])[];
  readonly tails: readonly (readonly StoredId[])[];
}

async function* groupedPages(nodes: MappedNodes, part: Part): AsyncGenerator<GroupedPage> {
  const heads = await headsOfPage(nodes);
  yield* inOrder(keyRanges(nodes, part, heads), nodes.options.readers, (range) => pagesOf(nodes, range));
}

/** So many heads that their triples fill half a page in the mean; a fuller range has to be read in sorted pages. */
async function headsOfPage(nodes: MappedNodes): Promise<number> {
  const { pageRows } = nodes.options;
  const heads = Math.floor((0.5 * pageRows * nodes.nodes) / Math.max(1, await nodes.mostTriples()));
  return Math.max(20, Math.min(pageRows, heads));
}

/** A range's triples: in one page where they fit, else in sorted ones. */
async function* pagesOf(nodes: MappedNodes, range: KeyRange): AsyncGenerator<GroupedPage> {
  const rows = nodes.options.pageRows;
  const { rows: found } = await nodes.read(
    nodes.queries.triplesByHead(range.part.number),
    { kgraftFrom: range.from, kgraftTo: range.to, kgraftRows: BigInt(rows + 1) },
    "reading triples",
  );
  const [heads, relations, tails] = found[0] as [StoredId[], string[][], StoredId[][]];
  const triples = relations.reduce((sum, own) => sum + own.length, 0);
  if (triples > rows) yield* sortedPages(nodes, range);
  else if (triples > 0) yield { heads, relations, tails };
}

/** Pages of a range that has too many triples for one; the cursor is the last head and how many of its triples were given. */
async function* sortedPages(nodes: MappedNodes, { part, from, to }: KeyRange): AsyncGenerator<GroupedPage> {
  const rows = nodes.options.pageRows;
  const cursor = { from, given: 0, inclusive: false };
  while (true) {
    const found = await nodes.read(
      nodes.queries.triples(part.number, cursor.inclusive),
      { kgraftFrom: cursor.from, kgraftTo: to, kgraftSkip: BigInt(cursor.given), kgraftRows: BigInt(rows) },
      "reading triples",
    );
    const [heads, relations, tails] = found.rows[0] as [StoredId[], string[], StoredId[]];
    if (heads.length > 0) yield grouped(heads, relations, tails);
    if (heads.length < rows) return;
    const last = heads[heads.length - 1] as StoredId;
    const ofLast = heads.length - heads.indexOf(last);
    cursor.given = cursor.inclusive && last === cursor.from ? cursor.given + ofLast : ofLast;
    cursor.from = last;
    cursor.inclusive = true;
  }
}

/** Triples that stand by head, put together by it. */
function grouped(heads: readonly StoredId[], relations: readonly string[], tails: readonly StoredId[]): GroupedPage {
  const starts = [...heads.keys()].filter((i) => i === 0 || heads[i] !== heads[i - 1]);
  const cut = <Item>(items: readonly Item[]) => starts.map((start, n) => items.slice(start, starts[n + 1]));
  return { heads: starts.map((start) => heads[start] as StoredId), relations: cut(relations), tails: cut(tails) };
}
