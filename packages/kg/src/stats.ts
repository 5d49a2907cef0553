import type { Graph, GraphCounts } from "./graph.ts";
import { indexTriples, type TripleIndex } from "./triple-index.ts";

/** How many entities have a degree in `from` … `to`, both included; the last class has no upper end in the graph. */
export interface DegreeClass {
  readonly from: number;
  readonly to: number;
  readonly entities: number;
}

/** What {@link graphStats} finds. Counts by name are sorted, largest first. */
export interface GraphStats extends GraphCounts {
  /** Triples that repeat an earlier one. */
  readonly duplicates: number;
  /** Triples whose head is their tail. */
  readonly loops: number;
  /** Entities in no triple. */
  readonly isolated: number;
  /** Entities whose label is their id. */
  readonly missingLabels: number;
  readonly missingDescriptions: number;
  readonly untyped: number;
  readonly types: Readonly<Record<string, number>>;
  readonly triplesByRelation: Readonly<Record<string, number>>;
  readonly degree: { readonly mean: number; readonly median: number; readonly max: number };
  /** Degree 0, 1, 2-3, 4-7, … */
  readonly degreeClasses: readonly DegreeClass[];
  /** The ten entities of highest degree. */
  readonly hubs: readonly { readonly id: string; readonly label: string; readonly degree: number }[];
}

/** Describes a graph in numbers: streams entities and triples, keeps ids and three integers a triple in memory. */
export async function graphStats(graph: Graph): Promise<GraphStats> {
  const index = await indexTriples(graph);
  const degrees = degreesOf(index);
  const sorted = degrees.slice().sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return {
    entities: index.entityIds.length,
    relations: index.relationIds.length,
    triples: index.triples.length / 3,
    duplicates: countDuplicates(index),
    loops: count(index.triples.length / 3, (i) => index.triples[3 * i] === index.triples[3 * i + 2]),
    isolated: count(degrees.length, (entity) => degrees[entity] === 0),
    ...(await describeEntities(graph)),
    triplesByRelation: countRelations(index),
    degree: {
      mean: degrees.length === 0 ? 0 : (2 * index.triples.length) / 3 / degrees.length,
      median: sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2,
      max: sorted.at(-1) ?? 0,
    },
    degreeClasses: degreeClasses(sorted),
    hubs: await largestHubs(graph, index, degrees),
  };
}

async function describeEntities(graph: Graph) {
  let missingLabels = 0;
  let missingDescriptions = 0;
  let untyped = 0;
  const types = new Map<string, number>();
  for await (const { id, label, description, types: own } of graph.entities()) {
    if (label === id) missingLabels++;
    if (description === undefined || description === "") missingDescriptions++;
    if (own.length === 0) untyped++;
    for (const type of own) types.set(type, (types.get(type) ?? 0) + 1);
  }
  return { missingLabels, missingDescriptions, untyped, types: largestFirst(types) };
}

function degreesOf({ triples, entityIds }: TripleIndex): Int32Array {
  const degrees = new Int32Array(entityIds.length);
  for (let i = 0; i < triples.length; i += 3)
    for (const entity of [triples[i] as number, triples[i + 2] as number])
      degrees[entity] = (degrees[entity] as number) + 1;
  return degrees;
}

function countRelations({ triples, relationIds }: TripleIndex): Readonly<Record<string, number>> {
  const counts = new Map(relationIds.map((id) => [id, 0]));
  for (let i = 1; i < triples.length; i += 3) {
    const id = relationIds[triples[i] as number] as string;
    counts.set(id, (counts.get(id) as number) + 1);
  }
  return largestFirst(counts);
}

/** Repeats by relation: there a triple is one number, head x entities + tail. */
function countDuplicates({ triples, entityIds, relationIds }: TripleIndex): number {
  const places = relationIds.map(() => 0);
  for (let i = 1; i < triples.length; i += 3)
    places[triples[i] as number] = (places[triples[i] as number] as number) + 1;
  const pairs = places.map((size) => new Float64Array(size));
  places.fill(0);
  for (let i = 0; i < triples.length; i += 3) {
    const relation = triples[i + 1] as number;
    const place = places[relation] as number;
    (pairs[relation] as Float64Array)[place] = (triples[i] as number) * entityIds.length + (triples[i + 2] as number);
    places[relation] = place + 1;
  }
  return pairs.reduce((sum, keys) => {
    const sorted = keys.sort();
    return sum + count(sorted.length - 1, (i) => sorted[i] === sorted[i + 1]);
  }, 0);
}

function degreeClasses(sorted: Int32Array): readonly DegreeClass[] {
  const classes: DegreeClass[] = [];
  let from = 0;
  for (let begin = 0; begin < sorted.length; ) {
    const to = from === 0 ? 0 : 2 * from - 1;
    const next = sorted.findIndex((degree) => degree > to);
    const end = next === -1 ? sorted.length : next;
    classes.push({ from, to, entities: end - begin });
    begin = end;
    from = to + 1;
  }
  return classes;
}

async function largestHubs(graph: Graph, { entityIds }: TripleIndex, degrees: Int32Array): Promise<GraphStats["hubs"]> {
  const hubs: number[] = [];
  for (const [entity, degree] of degrees.entries()) {
    if (degree === 0 || (hubs.length === 10 && degree <= (degrees[hubs[9] as number] as number))) continue;
    const place = hubs.findIndex((other) => (degrees[other] as number) < degree);
    hubs.splice(place === -1 ? hubs.length : place, 0, entity);
    if (hubs.length > 10) hubs.pop();
  }
  return Promise.all(
    hubs.map(async (entity) => {
      const id = entityIds[entity] as string;
      return { id, label: (await graph.entity(id))?.label ?? id, degree: degrees[entity] as number };
    }),
  );
}

function count(length: number, holds: (i: number) => boolean): number {
  let found = 0;
  for (let i = 0; i < length; i++) if (holds(i)) found++;
  return found;
}

/** Sorted by count, then by name; a null prototype, since a type may be called `constructor`. */
function largestFirst(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.assign(Object.create(null), Object.fromEntries(sorted));
}
