import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Graph, neo4j, supportedVersion } from "@kgraft/kg";
import { type Progress, silent } from "@kgraft/runtime";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("a server's version", () => {
  it("is taken from its name, and refused below 5.15 or where it is no Neo4j", () => {
    expect(supportedVersion("Neo4j/5.26.0", "here")).toBe("5.26.0");
    expect(supportedVersion("Neo4j/2025.06.1", "here")).toBe("2025.06.1");
    expect(() => supportedVersion("Neo4j/4.4.12", "here")).toThrow(
      "here: the server is Neo4j 4.4.12. Wanted Neo4j 5.15 or later. Update the server, or export the graph into files and read those.",
    );
    expect(() => supportedVersion("Memgraph/2.1", "here")).toThrow('here: the server calls itself "Memgraph/2.1".');
  });
});

describe("a Neo4j address", () => {
  const open = (url: string) =>
    neo4j.create(neo4j.options.parse({ url, entities: { label: "X" }, mode: "live", retrySeconds: 0 }), {
      progress: silent,
    });
  it("is refused where it is none, or holds credentials, which are not repeated", async () => {
    await expect(open("localhost:7687")).rejects.toThrow(
      'config.graph.url: is "localhost:7687". Wanted neo4j://HOST:PORT, bolt://HOST:PORT, or either with +s or +ssc for TLS.',
    );
    await expect(open("bolt://ann:s3cret@localhost")).rejects.toThrow(
      "config.graph.url: holds a user or a password. Wanted neo4j://HOST:PORT, bolt://HOST:PORT, or either with +s or +ssc for TLS. Give them as graph.user and graph.password.",
    );
    await expect(open("bolt://ann:s3cret@localhost")).rejects.not.toThrow("s3cret");
  });
  it("where nobody answers is said so, with the likely fix", async () => {
    await expect(open("bolt://127.0.0.1:1")).rejects.toMatchObject({
      code: "kg.neo4j.unreachable",
      exitCode: 1,
      message: expect.stringMatching(
        /^neo4j bolt:\/\/127\.0\.0\.1:1\/neo4j: no Neo4j server answers: .*Check that the server runs, the address and port, and whether it wants TLS/,
      ),
    });
  });
  it("needs entities or queries, and entities for live mode", () => {
    const message = (options: object) =>
      neo4j.options.safeParse({ url: "bolt://x", ...options }).error?.issues[0]?.message;
    expect(message({})).toBe("wanted either entities or queries");
    expect(message({ queries: { entities: "x", triples: "y" }, mode: "live" })).toBe(
      "mode live needs entities, not queries",
    );
  });
});

describe.skipIf(server === undefined)(`what Neo4j holds${reason}`, { timeout: 180_000 }, () => {
  const connection = driver.driver(server?.url ?? "bolt://none", driver.auth.basic("neo4j", server?.password ?? ""));
  const ask = (query: string, parameters: Record<string, unknown> = {}) => connection.executeQuery(query, parameters);
  let scratch: string;
  const open = (entities: unknown, more: object = {}, progress: Progress = silent): Promise<Graph> =>
    neo4j.create(neo4j.options.parse({ ...server, entities, mode: "live", snapshots: scratch, ...more }), { progress });
  const message = async (opening: Promise<Graph>): Promise<string> => {
    try {
      const graph = await opening;
      for await (const _ of graph.entities());
      for await (const _ of graph.triples());
      await graph.close();
    } catch (cause) {
      expect(inspect(cause, { depth: 10, showHidden: true })).not.toContain(server?.password);
      expect(cause).toMatchObject({ code: expect.stringMatching(/^kg\./) });
      return (cause as Error).message.replace(/^neo4j bolt:\/\/127\.0\.0\.1:\d+\//, "");
    }
    throw new Error("it opened");
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "kgraft-neo4j-errors-"));
    for (const label of ["ErrA", "ErrB", "ErrNone", "ErrFloat", "ErrMixed", "ErrInt", "ErrText"])
      await ask(`CREATE INDEX FOR (n:${label}) ON n.id`);
    await ask("CALL db.awaitIndexes()");
    await ask("CREATE (:ErrA {id: 'one', name: 'One'})-[:KNOWS]->(:ErrB {id: 'two'}), (:ErrB {id: 'one'})");
    await ask("CREATE (:ErrNone {id: 'x', title: 'X'}), (:ErrNone {title: 'Y'})");
    await ask("CREATE (:ErrFloat {id: 1.5}), (:ErrMixed {id: 'x'}), (:ErrMixed {id: 7}), (:ErrPlain {id: 'x'})");
    await ask("CREATE (a:ErrInt {id: 9})-[:BORN_IN]->(b:ErrInt {id: 10}), (a)-[:BORN_IN]->(:ErrInt {id: -3})");
    await ask(
      "CREATE (:ErrText {id: 'x', name: 7, aliases: ['a', 'b'], born: date('2001-02-03'), at: point({x: 1, y: 2})})",
    );
  });
  afterAll(async () => {
    await connection.close();
    await rm(scratch, { recursive: true, force: true });
  });

  it("wrong password and wrong database", async () => {
    expect(await message(open({ label: "ErrA" }, { password: "Wrong-pass-9" }))).toBe(
      'neo4j: the server does not accept user "neo4j" with the given password. Check graph.user and graph.password, e.g. whether the environment variable holds what you think.',
    );
    await expect(open({ label: "ErrA" }, { password: "Wrong-pass-9" })).rejects.not.toThrow("Wrong-pass-9");
    expect(await message(open({ label: "ErrA" }, { database: "films" }))).toBe(
      'films: there is no database "films". Check graph.database; SHOW DATABASES lists them.',
    );
  });
  it("no such label, and a filter that nothing meets", async () => {
    expect(await message(open({ label: "ErrNome" }))).toBe(
      'neo4j: no node has the label "ErrNome". Did you mean "ErrNone"?',
    );
    expect(await message(open({ label: "ErrA", where: "n.name = $who" }, { parameters: { who: "Nobody" } }))).toBe(
      'neo4j: no node with label "ErrA" meets graph.entities.where. Check the condition.',
    );
  });
  it("no index, with the command that makes one", async () => {
    expect(await message(open({ label: "ErrPlain" }))).toBe(
      'neo4j: no index on "id" of label "ErrPlain", without which every page would read all nodes. Create it: CREATE CONSTRAINT FOR (n:`ErrPlain`) REQUIRE n.`id` IS UNIQUE.',
    );
  });
  it("a node without id, an id of a wrong type, ids of two types", async () => {
    expect(await message(open({ label: "ErrNone" }))).toMatch(
      /^neo4j node 4:[^ ]+: 1 of 2 nodes with label "ErrNone" have no id: their "id" is missing or empty\. Leave them out with graph\.entities\.where: n\.`id` IS NOT NULL\.$/,
    );
    expect(await message(open({ label: "ErrNone", id: "titel" }))).toMatch(/have no id: .* Did you mean "title"\?$/);
    expect(await message(open({ label: "ErrFloat" }))).toMatch(
      /^neo4j node 4:[^ ]+: "id", mapped to id, is 1\.5, of type FLOAT NOT NULL\. Wanted a string or an integer\.$/,
    );
    expect(await message(open({ label: "ErrMixed" }))).toBe(
      'neo4j: "id" of label "ErrMixed" is a string in 1 nodes and an integer in 1. Wanted one type.',
    );
    expect(await message(open({ label: ["ErrInt", "ErrA"] }))).toBe(
      'neo4j: "id" is of type integer in label "ErrInt" and string in "ErrA". Wanted one type.',
    );
  });
  it("ids equal in two labels", async () => {
    const wanted =
      /^neo4j node 4:\S+: id "one" is also that of node 4:\S+, among the labels ErrA, ErrB\. Wanted every id once\. Map a property that is unique over all labels/;
    expect(await message(open({ label: ["ErrA", "ErrB"] }))).toMatch(wanted);
    expect(await message(open({ label: ["ErrA", "ErrB"] }, { mode: "snapshot" }))).toMatch(wanted);
  });
  it("a property of a wrong type, JSON that is none, a relationship type that is not there", async () => {
    expect(await message(open({ label: "ErrText", text: "name" }))).toMatch(
      /^neo4j node 4:\S+: property "name", mapped to text, is 7\. Wanted a string or a list of strings\. Map another property/,
    );
    expect(await message(open({ label: "ErrText", description: "aliases" }))).toMatch(
      /property "aliases", mapped to description, is \["a","b"\]\. Wanted a string\./,
    );
    expect(await message(open({ label: "ErrText", json: ["aliases"] }))).toMatch(
      /property "aliases" is \["a","b"\]\. Wanted text that is JSON, since graph\.entities\.json names it\./,
    );
    expect(await message(open({ label: "ErrA" }, { relations: { types: ["KNOWN"] } }))).toMatch(
      /^neo4j: no relationship has the type "KNOWN", which graph\.relations\.types names\./,
    );
  });
  it("Cypher that is none, in a filter and in own queries", async () => {
    expect(await message(open({ label: "ErrA", where: "n.name ==" }))).toMatch(/^neo4j: graph\.entities was refused: /);
    const own = (entities: string, triples = "MATCH (n:ErrNever) RETURN 1") =>
      message(open(undefined, { mode: "snapshot", queries: { entities, triples } }));
    expect(await own("MATCHH (n)")).toMatch(/^neo4j: graph\.queries\.entities was refused: /);
    expect(await own("MATCH (n:ErrA) RETURN n.name AS nom")).toBe(
      'neo4j row 1 of graph.queries.entities: has no column "id", only nom. Name it in the query: RETURN … AS id.',
    );
    expect(await own("MATCH (n:ErrNever) RETURN n.id AS id")).toBe(
      "neo4j: the graph is empty: it has no entity. Check that it is the right file, folder or filter.",
    );
    expect(await own("RETURN 'a' AS id", "RETURN 'a' AS head, 'R' AS relation, 'zebra' AS tail")).toBe(
      'neo4j row 1 of graph.queries.triples: tail "zebra" is not among the 1 entities. Add it to the entities, or drop the triple.',
    );
  });

  it("own queries give what they say, with parameters", async () => {
    const graph = await open(undefined, {
      mode: "snapshot",
      parameters: { least: 0 },
      queries: {
        entities:
          "MATCH (n:ErrInt) WHERE n.id >= $least RETURN n.id AS id, 'No ' + n.id AS text, n.id * 2 AS twice ORDER BY id",
        triples:
          "MATCH (a:ErrInt)-[r]->(b:ErrInt) WHERE b.id >= $least RETURN a.id AS head, type(r) AS relation, b.id AS tail, 'was born in' AS label",
      },
    });
    expect(await listed(graph.entities())).toEqual([
      { id: "10", label: "No 10", aliases: [], types: [], properties: { twice: 20 } },
      { id: "9", label: "No 9", aliases: [], types: [], properties: { twice: 18 } },
    ]);
    expect(await listed(graph.triples())).toEqual([{ head: "9", relation: "BORN_IN", tail: "10" }]);
    expect(await listed(graph.relations())).toEqual([{ id: "BORN_IN", label: "was born in" }]);
  });
  it("integer ids are ordered by value live; values that JSON has not are plain; a misspelt property is noted", async () => {
    const graph = await open({ label: "ErrInt" });
    const ids = (await listed(graph.entities())).map(({ id }) => id);
    expect(ids).toEqual(["-3", "9", "10"]);
    expect(await graph.neighbours("9")).toEqual([
      { head: "9", relation: "BORN_IN", tail: "-3" },
      { head: "9", relation: "BORN_IN", tail: "10" },
    ]);
    expect([await graph.degree("9"), await graph.degree("nine"), await graph.degree("09")]).toEqual([2, 0, 0]);
    expect((await listed(graph.relations()))[0]).toEqual({ id: "BORN_IN", label: "born in" });
    await graph.close();
    const notes: string[] = [];
    const text = await open(
      { label: "ErrText", text: "nam", aliases: "aliases", properties: "*", labelTypes: true },
      {},
      { ...silent, note: (one) => notes.push(one) },
    );
    expect(await text.entity("x")).toEqual({
      id: "x",
      label: "x",
      aliases: ["a", "b"],
      types: [],
      properties: { at: { srid: 7203, x: 1, y: 2 }, born: "2001-02-03", name: 7 },
    });
    expect(notes[0]).toMatch(
      /no node has a property "nam", which graph\.entities\.text names\. Did you mean "name"\?$/,
    );
    await text.close();
  });
  it("names with spaces, quotes, backticks, Unicode and Cypher in them are only data", async () => {
    const hostile = [
      "a b",
      "x`) DETACH DELETE n //",
      "`",
      "``",
      "\\u0060",
      "x\\u0060) DETACH DELETE n //",
      "\\\\u0060",
      "\\\\\\u0060",
      'it\'s "quoted"',
      "Ωμέγα 灯 😀",
      "n}) RETURN 1 //",
      "line\nbreak",
      "$kgraftFrom",
    ];
    const { writeGraphToNeo4j, buildGraph } = await import("@kgraft/kg");
    for (const [i, name] of hostile.entries()) {
      const entity = (id: string) => ({ id, label: `L ${id}`, aliases: [name], types: [], properties: { [name]: id } });
      const parts = {
        entities: hostile
          .map((id) => entity(id))
          .toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))),
        relations: [{ id: name, label: "words" }],
        triples: [{ head: name, relation: name, tail: hostile[(i + 1) % hostile.length] as string }],
      };
      const entities = {
        label: `${name} ${i}`,
        id: `${name} id`,
        text: `${name} text`,
        aliases: `${name} aliases`,
        properties: [name],
      };
      const stated = neo4j.options.parse({
        ...server,
        entities,
        relations: { types: [name], label: `${name} label` },
        mode: "live",
      });
      await writeGraphToNeo4j(await buildGraph("hostile", parts), stated);
      const graph = await neo4j.create(stated, { progress: silent });
      expect(await listed(graph.entities())).toEqual(parts.entities);
      expect(await listed(graph.relations())).toEqual(parts.relations);
      expect(await listed(graph.triples())).toEqual(parts.triples);
      await graph.close();
    }
    const { records } = await ask(
      "MATCH (n) WHERE any(label IN labels(n) WHERE label STARTS WITH $start) RETURN count(n)",
      {
        start: "x`) DETACH DELETE n //",
      },
    );
    expect(String(records[0]?.get(0))).toBe(String(hostile.length));
  });
  it("credentials stand in no snapshot and no manifest", async () => {
    await (await open({ label: "ErrInt" }, { mode: "snapshot" })).close();
    const files = await readdir(scratch);
    expect(files.length).toBeGreaterThan(1);
    for (const name of files) expect(await readFile(join(scratch, name), "utf8")).not.toContain(server?.password);
  });
});
