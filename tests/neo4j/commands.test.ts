import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, kgraft, root, typing } from "../cli/kgraft.ts";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();

describe.skipIf(server === undefined)(`the kgraft command on Neo4j${reason}`, { timeout: 120_000 }, () => {
  const connection = driver.driver(server?.url ?? "bolt://none", driver.auth.basic("neo4j", server?.password ?? ""), {
    disableLosslessIntegers: true,
  });
  const ask = async (query: string): Promise<readonly Record<string, unknown>[]> =>
    (await connection.executeQuery(query)).records.map((record) => record.toObject());
  const counts = () =>
    ask(
      "MATCH (n:Commanded) RETURN count(n) AS nodes, count(n.kgraftVector) AS vectors, count { (:KgraftDocument)-[:MENTIONS]->(:Commanded) } AS links, count { (:Commanded)-->(:Commanded) } AS triples",
    );
  let scratch: string;
  let config: string;
  const said: Ended[] = [];
  const run = async (...args: readonly string[]): Promise<Ended> => {
    const env = {
      NEO4J_URL: server?.url as string,
      NEO4J_PASSWORD: server?.password as string,
      KGRAFT_CACHE: join(scratch, "cache"),
    };
    const ended = await kgraft(args, env, scratch);
    said.push(ended);
    return ended;
  };
  const json = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(...args, "--json");
    expect([code, stderr.includes("error")], stderr).toEqual([0, false]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "kgraft-neo4j-commands-"));
    config = join(scratch, "commanded.yaml");
    const graph = {
      name: "neo4j",
      url: "${NEO4J_URL}",
      password: "${NEO4J_PASSWORD}",
      entities: {
        ...{ label: "Commanded", text: "name", aliases: "aliases", description: "description", types: "types" },
        json: ["aliasWeights"],
      },
      relations: { label: "words" },
    };
    const embedding = { name: "transe", dimension: 8, epochs: 2, batchSize: 64, negatives: 16 };
    const lines = { name: "commanded", output: join(scratch, "out"), backend: "wasm", graph, embedding };
    await writeFile(config, JSON.stringify({ ...lines, linker: { name: "dictionary" } }));
  });
  afterAll(async () => {
    await connection.close();
    await rm(scratch, { recursive: true, force: true });
  });

  it("imports a graph, and says what is there then", async () => {
    expect(await json("graph", "import", join(root, "configs/toy.yaml"), "--to", config)).toMatchObject({
      to: `neo4j ${server?.url}/neo4j`,
      ...{ entities: 22, triples: 42 },
    });
    expect(await counts()).toEqual([{ nodes: 22, vectors: 0, links: 0, triples: 42 }]);
    expect(await json("graph", "stats", config)).toMatchObject({
      entities: 22,
      relations: 16,
      triples: 42,
      isolated: 1,
    });
  });

  it("reads a changed graph again only with --refresh", async () => {
    await ask("CREATE (:Commanded {id: 'new', name: 'New'})");
    expect(await json("graph", "stats", config)).toMatchObject({ entities: 22 });
    expect(await json("graph", "stats", config, "--refresh")).toMatchObject({ entities: 23, isolated: 2 });
    await ask("MATCH (n:Commanded {id: 'new'}) DELETE n");
    expect(await json("graph", "stats", config, "--refresh")).toMatchObject({ entities: 22 });
  });

  it("writes vectors back under an index, once, and takes them out again", async () => {
    const planned = await json("embed", config, "--write-back", "--dry-run");
    const { runId } = planned.writeBack as { runId: string };
    expect(planned.writeBack).toMatchObject({
      dryRun: true,
      rows: 22,
      schema: [expect.stringContaining("CREATE VECTOR INDEX")],
    });
    expect(await counts()).toEqual([{ nodes: 22, vectors: 0, links: 0, triples: 42 }]);

    expect((await json("embed", config, "--write-back")).writeBack).toMatchObject({
      runId,
      dryRun: false,
      rows: 22,
      missing: 0,
    });
    expect((await json("embed", config, "--write-back")).writeBack).toMatchObject({ runId, rows: 0, resumedAfter: 22 });
    const [near] = await ask(
      "MATCH (n:Commanded {id: 'talvera'}) CALL db.index.vector.queryNodes('kgraft_kgraftVector', 1, n.kgraftVector) YIELD node, score RETURN node.id AS id, score > 0.99 AS same, size(n.kgraftVector) AS dimension",
    );
    expect(near).toEqual({ id: "talvera", same: true, dimension: 8 });
    const { code, stdout } = await run("graph", "clean", config, "--run", runId);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^vectors +22$/m)]);
    expect(await counts()).toEqual([{ nodes: 22, vectors: 0, links: 0, triples: 42 }]);
  });

  it("writes links back from documents to entities, and takes them out again", async () => {
    const output = join(scratch, "linked.jsonl");
    const args = ["link", "--graph", config, "--input", join(typing, "text.jsonl"), "--output", output, "--write-back"];
    const { stdout, code } = await run(...args, "--run", "links-1");
    const mentions = (await readFile(output, "utf8"))
      .trimEnd()
      .split("\n")
      .flatMap((line) => (JSON.parse(line) as { mentions: readonly object[] }).mentions);
    expect(mentions.length).toBeGreaterThan(10);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(
        `\nrun links-1: ${mentions.length} links written into Neo4j\nout again: kgraft graph clean ${config} --run links-1\n`,
      ),
    ]);
    expect(await counts()).toEqual([{ nodes: 22, vectors: 0, links: mentions.length, triples: 42 }]);
    expect(await json("graph", "clean", config, "--run", "links-1")).toMatchObject({ links: mentions.length });
    expect(await ask("MATCH (n:KgraftDocument) RETURN n")).toEqual([]);
  });

  it("writes predicted triples back as nodes of their own, and takes them out again", async () => {
    const triples = join(scratch, "test-triples.jsonl");
    const line = (tail: string, rank: number) =>
      JSON.stringify({ head: "talvera", relation: "near", tail, score: 1 / rank, asked: "tail", rank });
    const [first, second, third] = (
      await ask("MATCH (n:Commanded) WHERE n.id <> 'talvera' RETURN n.id AS id ORDER BY id LIMIT 3")
    ).map(({ id }) => id as string) as [string, string, string];
    await writeFile(triples, [line(first, 1), line(second, 2), line(third, 3)].join("\n"));
    const args = ["graph", "predictions", config, "--triples", triples, "--model", "kg-bert", "--most-rank", "2"];
    const planned = await json(...args, "--dry-run");
    expect(planned).toMatchObject({ dryRun: true, rows: 2, runId: expect.stringMatching(/^predict-[0-9a-f]{12}$/) });
    const predicted = () =>
      ask(
        "MATCH (h)<-[:HEAD]-(p:KgraftPrediction)-[:TAIL]->(t) RETURN h.id AS head, p.relation AS relation, t.id AS tail, p.score AS score, p.model AS model, p.kgraftRun AS run ORDER BY score DESC",
      );
    expect(await predicted()).toEqual([]);
    for (const _ of ["once", "again"]) expect((await run(...args)).code).toBe(0);
    const shared = { head: "talvera", relation: "near", model: "kg-bert", run: planned.runId };
    expect(await predicted()).toEqual([
      { ...shared, tail: first, score: 1 },
      { ...shared, tail: second, score: 0.5 },
    ]);
    expect(await counts()).toEqual([{ nodes: 22, vectors: 0, links: 0, triples: 42 }]);
    const more = await json(...args.slice(0, -1), "3");
    expect([more.rows, more.runId === planned.runId]).toEqual([3, false]);
    expect((await predicted()).length).toBe(5);
    await json("graph", "clean", config, "--run", more.runId as string);
    expect(await json("graph", "clean", config, "--run", planned.runId as string)).toMatchObject({ predictions: 2 });
    expect(await predicted()).toEqual([]);

    await writeFile(triples, `${line(first, 1)}\n{"head": "talvera"}\n`);
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${triples}:2: is {"head":"talvera"}. Wanted {head,`)]);
  });

  it("says in one line what it cannot write back or take out", async () => {
    const refused = await Promise.all([
      run("graph", "clean", config, "--run", "nobody"),
      run("embed", join(root, "configs/toy.yaml"), "--write-back"),
      run("embed", config, "--write-back", "--run", "a b"),
      run("embed", config, "--write-back", "--property", "name"),
    ]);
    expect(refused.map(({ code, stdout }) => [code, stdout])).toEqual(refused.map(() => [2, ""]));
    const wanted = [
      'no run "nobody" has written here.',
      'config.graph: is "folder". Wanted a graph in Neo4j',
      "Wanted letters, digits, dots, dashes and underscores.",
      'already has a property "name" that no run of kgraft wrote.',
    ];
    for (const [i, { stderr }] of refused.entries()) expect(stderr).toContain(wanted[i]);
  });

  it("prints the password nowhere", () => {
    expect(said.length).toBeGreaterThan(10);
    for (const { stdout, stderr } of said) expect(stdout + stderr).not.toContain(server?.password);
  });
});
