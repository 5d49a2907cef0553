import { pathOption } from "@kgraft/runtime";
import { z } from "zod";

const name = z.string().min(1);
const names = z.array(name);

const connection = {
  url: z
    .string()
    .describe("neo4j://, neo4j+s://, neo4j+ssc://, bolt://, bolt+s:// or bolt+ssc://, without credentials"),
  user: z.string().default("neo4j").describe("who reads"),
  password: z
    .string()
    .optional()
    .describe("from the environment: ${NEO4J_PASSWORD}; none for a server without authentication"),
  database: z.string().min(1).default("neo4j").describe("which database of the server"),
  retrySeconds: z.number().min(0).default(60).describe("how long a lost server is waited for before the run fails"),
};

const entities = z.strictObject({
  label: z
    .union([name, names.nonempty()])
    .describe("label of the nodes that are entities, or several; a name, not an expression (that goes to where)"),
  id: name.default("id").describe("property with the id: strings or integers, unique, indexed"),
  text: name.optional().describe("property with the label; a list gives label and aliases; default: the id"),
  aliases: name.optional().describe("property with the aliases: a string or a list of strings"),
  description: name.optional().describe("property with the description"),
  types: name.optional().describe("property with the types: a string or a list of strings"),
  labelTypes: z
    .boolean()
    .default(false)
    .describe("whether the node's labels are types, too (the one of `label` aside)"),
  properties: z
    .union([z.literal("*"), names])
    .default([])
    .describe("properties to keep with the entity; * for all that are not mapped otherwise"),
  json: names
    .default([])
    .describe("properties whose text is JSON (Neo4j stores no maps), e.g. aliasWeights; they are kept in any case"),
  where: z.string().min(1).optional().describe("Cypher condition on the node n, e.g. n:Active AND n.year > $since"),
});

const relations = z.strictObject({
  types: z
    .union([z.literal("*"), names.nonempty()])
    .default("*")
    .describe("relationship types that are relations; * for all between entities"),
  label: name.optional().describe("relationship property with the relation's words; default: the type's words"),
});

const queries = z.strictObject({
  entities: z
    .string()
    .min(1)
    .describe("Cypher whose columns are id, text?, aliases?, description?, types?; any other is a property"),
  triples: z.string().min(1).describe("Cypher whose columns are head, relation, tail (ids) and, if you like, label"),
});

export const neo4jOptions = z
  .strictObject({
    ...connection,
    entities: entities.optional().describe("which nodes are entities, and where their fields stand"),
    relations: relations.prefault({}).describe("which relationships are triples"),
    queries: queries.optional().describe("own Cypher instead of entities and relations; read in one go each"),
    parameters: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("values of the $parameters in where and queries"),
    mode: z
      .enum(["snapshot", "live"])
      .default("snapshot")
      .describe("snapshot: read once into a file, used from then on without the server; live: ask the server"),
    refresh: z.boolean().default(false).describe("read a snapshot again although there is one"),
    snapshots: z
      .string()
      .meta(pathOption)
      .optional()
      .describe("folder of the snapshots; default: graphs in the cache folder"),
    readers: z.int().min(1).max(64).default(4).describe("pages that are read at the same time"),
    pageRows: z.int().min(100).max(1_000_000).default(10_000).describe("rows of a page, read in one transaction"),
    cachedEntities: z
      .int()
      .min(1)
      .default(100_000)
      .describe("entities whose fields and neighbours live mode keeps, least recently used out first"),
  })
  .superRefine(({ entities, queries, mode }, context) => {
    const issue = (message: string) => context.addIssue({ code: "custom", message });
    if ((entities === undefined) === (queries === undefined)) issue("wanted either entities or queries");
    if (queries !== undefined && mode === "live") issue("mode live needs entities, not queries");
  });

/** Options of the `neo4j` adapter. */
export type Neo4jOptions = z.infer<typeof neo4jOptions>;

/** What reaches a server, without what is read there. */
export type Neo4jConnectionOptions = Pick<Neo4jOptions, "url" | "user" | "password" | "database" | "retrySeconds">;

/** The node side of the mapping. */
export type EntityMapping = NonNullable<Neo4jOptions["entities"]>;

/** The relationship side of the mapping. */
export type RelationMapping = Neo4jOptions["relations"];
