import { escapeName } from "./escape-name.ts";
import type { EntityMapping, RelationMapping } from "./neo4j-options.ts";

/** Id of an entity as Neo4j holds it. */
export type StoredId = string | bigint;

/**
 * The queries of a mapping. Nodes of several labels are read label by label: part i holds the nodes of label i that have
 * none of the earlier labels, so that every node is in one part. All values are parameters.
 */
export class MappingQueries {
  readonly labels: readonly string[];
  readonly #id: string;
  readonly #entities: EntityMapping;
  readonly #relations: RelationMapping;

  constructor(entities: EntityMapping, relations: RelationMapping) {
    this.#entities = entities;
    this.#relations = relations;
    this.#id = escapeName(entities.id);
    this.labels = typeof entities.label === "string" ? [entities.label] : entities.label;
  }

  /** Counts a part's nodes by the type of their id. */
  countIds(part: number): string {
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#own(part)}
WITH n.${this.#id} AS id
RETURN count(*) AS nodes, sum(CASE WHEN id IS :: STRING NOT NULL THEN 1 ELSE 0 END) AS strings,
  sum(CASE WHEN id IS :: INTEGER NOT NULL THEN 1 ELSE 0 END) AS integers, sum(CASE WHEN id IS NULL OR id = '' THEN 1 ELSE 0 END) AS without`;
  }

  /** A node of a part that has no id, or whose id is neither string nor integer. */
  sampleBadId(part: number): string {
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#own(part)}
  AND (n.${this.#id} IS NULL OR n.${this.#id} = '' OR NOT (n.${this.#id} IS :: STRING OR n.${this.#id} IS :: INTEGER))
RETURN elementId(n), n.${this.#id}, valueType(n.${this.#id}), keys(n) LIMIT 1`;
  }

  /** Counts triples by relation; columns: relation, triples, words. */
  countRelations(part: number): string {
    const { label } = this.#relations;
    const words = label === undefined ? "null" : `collect(DISTINCT r.${escapeName(label)})`;
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#own(part)}
WITH n AS h MATCH (h)-[r${this.#types()}]->(n) WHERE ${this.#any()}
RETURN type(r) AS relation, count(*) AS triples, ${words} AS words`;
  }

  /** Counts relationships of the mapped types wherever they are, from the database's own counters. */
  countRelationships(): string {
    const { types } = this.#relations;
    if (types === "*") return "MATCH ()-[r]->() RETURN count(r)";
    return types.map((type) => `MATCH ()-[r:${escapeName(type)}]->() RETURN count(r) AS count`).join(" UNION ALL ");
  }

  /** Counts the relationships of the mapped types out of a label's nodes, from the database's own counters. */
  countOutgoing(part: number): string {
    const { types } = this.#relations;
    const counts = (types === "*" ? [""] : types.map((type) => `:${escapeName(type)}`)).map(
      (type) => `MATCH (:${this.#label(part)})-[r${type}]->() RETURN count(r) AS count`,
    );
    return counts.join(" UNION ALL ");
  }

  /** Where the next page of a part's index ends: columns last, nodes. Reads the index alone. */
  nextRange(part: number): string {
    return `MATCH (n:${this.#label(part)}) WHERE n.${this.#id} > $kgraftFrom
WITH n.${this.#id} AS id ORDER BY id LIMIT $kgraftRows RETURN max(id) AS last, count(*) AS nodes`;
  }

  /** A part's nodes with an id above `$kgraftFrom` up to `$kgraftTo`, ordered by id. */
  entities(part: number): string {
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#range(">")} AND ${this.#own(part)}
RETURN ${this.#entityColumns()} ORDER BY n.${this.#id}`;
  }

  /** Finds node n of a part by an expression that gives its id. */
  nodeById(part: number, id: string): string {
    return `MATCH (n:${this.#label(part)}) WHERE n.${this.#id} = ${id} AND ${this.#own(part)}`;
  }

  /** The entities of `$kgraftIds`. */
  entitiesById(part: number): string {
    return `UNWIND $kgraftIds AS id ${this.nodeById(part, "id")}
RETURN ${this.#entityColumns()}`;
  }

  /**
   * At most `$kgraftRows` triples of heads above `$kgraftFrom` up to `$kgraftTo`, in a row for each head: it, and the relations
   * and tails of its triples; in no order, which is what the server gives fastest. One row of lists for all heads would take
   * the driver four times as long.
   */
  triplesByHead(part: number): string {
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#range(">")} AND ${this.#own(part)}
WITH n AS h MATCH (h)-[r${this.#types()}]->(n) WHERE ${this.#any()}
WITH h, r, n LIMIT $kgraftRows
RETURN h.${this.#id} AS head, collect(type(r)) AS relations, collect(n.${this.#id}) AS tails`;
  }

  /**
   * At most `$kgraftRows` triples of heads above `$kgraftFrom` (or from it, where `inclusive`) up to `$kgraftTo`: head, relation,
   * tail, ordered by them; the first `$kgraftSkip` are passed over.
   */
  triples(part: number, inclusive: boolean): string {
    return `MATCH (n:${this.#label(part)}) WHERE ${this.#range(inclusive ? ">=" : ">")} AND ${this.#own(part)}
WITH n AS h MATCH (h)-[r${this.#types()}]->(n) WHERE ${this.#any()}
WITH h.${this.#id} AS head, type(r) AS relation, n.${this.#id} AS tail
RETURN head, relation, tail ORDER BY head, relation, tail SKIP $kgraftSkip LIMIT $kgraftRows`;
  }

  /** The triples of which an entity of `$kgraftIds` is the head; with `$kgraftLimit` as the most of one entity. */
  outgoing(part: number): string {
    return `UNWIND $kgraftIds AS id ${this.nodeById(part, "id")}
WITH id, n AS h CALL (h) {
  MATCH (h)-[r${this.#types()}]->(n) WHERE ${this.#any()} AND ($kgraftRelations IS NULL OR type(r) IN $kgraftRelations)
  WITH type(r) AS relation, n.${this.#id} AS other ORDER BY relation, other LIMIT $kgraftLimit
  RETURN collect([relation, other]) AS found
} RETURN id, found`;
  }

  /** The triples of which an entity of `$kgraftIds` is the tail, loops left out. */
  incoming(part: number): string {
    return `UNWIND $kgraftIds AS id ${this.nodeById(part, "id")}
WITH id, n AS t CALL (t) {
  MATCH (n)-[r${this.#types()}]->(t) WHERE ${this.#any()} AND ($kgraftRelations IS NULL OR type(r) IN $kgraftRelations)
    AND n <> t
  WITH type(r) AS relation, n.${this.#id} AS other ORDER BY other, relation LIMIT $kgraftLimit
  RETURN collect([relation, other]) AS found
} RETURN id, found`;
  }

  /** Counts the triples of an entity, a loop twice. */
  degree(part: number): string {
    return `${this.nodeById(part, "$kgraftId")}
WITH n AS h
RETURN COUNT { MATCH (h)-[r${this.#types()}]->(n) WHERE ${this.#any()} } + COUNT { MATCH (h)<-[r${this.#types()}]-(n) WHERE ${this.#any()} } AS degree`;
  }

  /**
   * Columns id, element, and what is mapped of labels, text, aliases, description, types, and properties: a map of what is
   * kept beside. What is not mapped is no column: a driver needs as long for a null as for any value.
   */
  #entityColumns(): string {
    const { id, text, aliases, description, types, labelTypes } = this.#entities;
    const columns = [`n.${escapeName(id)} AS id`, "elementId(n) AS element"];
    for (const [column, name] of Object.entries({ text, aliases, description, types }))
      if (name !== undefined) columns.push(`n.${escapeName(name)} AS ${column}`);
    if (labelTypes) columns.push("labels(n) AS labels");
    const properties = this.#properties();
    if (properties !== undefined) columns.push(`${properties} AS properties`);
    return columns.join(", ");
  }

  #properties(): string | undefined {
    const { properties, json } = this.#entities;
    if (properties === "*") return "properties(n)";
    const kept = [...new Set([...json, ...properties])];
    return kept.length === 0 ? undefined : `n {${kept.map((name) => `.${escapeName(name)}`).join(", ")}}`;
  }

  #label(part: number): string {
    return escapeName(this.labels[part] as string);
  }

  #range(from: ">" | ">="): string {
    return `n.${this.#id} ${from} $kgraftFrom AND n.${this.#id} <= $kgraftTo`;
  }

  /** That node n belongs to a part; its label is matched already. */
  #own(part: number): string {
    const earlier = this.labels.slice(0, part).map((label) => `NOT n:${escapeName(label)}`);
    return [...earlier, this.#where()].join(" AND ");
  }

  /** That node n is an entity. */
  #any(): string {
    return `n:${this.labels.map(escapeName).join("|")} AND ${this.#where()}`;
  }

  /** On a line of its own: it may end in a comment. */
  #where(): string {
    return this.#entities.where === undefined ? "true" : `(${this.#entities.where}\n)`;
  }

  #types(): string {
    const { types } = this.#relations;
    return types === "*" ? "" : `:${types.map(escapeName).join("|")}`;
  }
}
