import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { folder, neo4j, writeGraphToNeo4j } from "@kgraft/kg";
import { readConfig, run } from "@kgraft/pipeline";
import { type Progress, silent } from "@kgraft/runtime";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();
const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe.skipIf(server === undefined)(`pre-training from Neo4j${reason}`, { timeout: 120_000 }, () => {
  const connection = driver.driver(server?.url ?? "bolt://none", driver.auth.basic("neo4j", server?.password ?? ""));
  const notes: string[] = [];
  const noted: Progress = { ...silent, note: (text) => void notes.push(text) };
  let scratch: string;

  const entities = {
    label: "Pretrained",
    id: "id",
    text: "name",
    aliases: "aliases",
    description: "description",
    types: "types",
    json: ["aliasWeights"],
  };
  const mapping = { entities, relations: { label: "words" } };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "kgraft-neo4j-pretraining-"));
    vi.stubEnv("NEO4J_URL", server?.url);
    vi.stubEnv("NEO4J_PASSWORD", server?.password);
    vi.stubEnv("KGRAFT_CACHE", join(scratch, "cache"));
    const toy = await folder.create({ path: at("kg-fixtures/toy") }, { progress: silent });
    await writeGraphToNeo4j(toy, neo4j.options.parse({ ...server, ...mapping }));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await connection.close();
    await rm(scratch, { recursive: true, force: true });
  });

  /** The toy config over a graph, with pre-training alone. */
  const config = async (name: string, graph: object, strategy = "ernie-thu"): Promise<string> => {
    const path = join(scratch, `${name}.yaml`);
    const lines = {
      name,
      output: join(scratch, name),
      backend: "wasm",
      graph,
      linker: { name: "dictionary" },
      embedding: { name: "transe", dimension: 8, epochs: 3, batchSize: 64, negatives: 16 },
      encoder: {
        tokenizer: at("packages/text/fixtures/word-piece.json"),
        ...{ numLayers: 2, hiddenSize: 16, numHeads: 2, maxPositions: 32 },
      },
      fusion: { name: strategy },
      strategies: { "ernie-thu": { fusedLayers: [1] }, "k-bert": { maxTriplesPerMention: 2 } },
      corpus: { name: "jsonl", path: at("kg-fixtures/typing/text.jsonl") },
      pretrain: { steps: 4, headSteps: 2, batchSize: 8, maxLength: 32 },
    };
    await writeFile(path, JSON.stringify(lines));
    return path;
  };
  const inNeo4j = (more: object = {}) => ({
    name: "neo4j",
    url: "${NEO4J_URL}",
    password: "${NEO4J_PASSWORD}",
    ...mapping,
    ...more,
  });
  const trained = async (path: string, more: { refresh?: boolean } = {}): Promise<void> => {
    await run(await readConfig(path, more), { resume: true, progress: noted });
  };
  /** A digest of each file that says what was read and learnt. */
  const outcome = async (name: string): Promise<Record<string, string>> => {
    const digests: Record<string, string> = {};
    for (const file of await files(join(scratch, name))) {
      const told = /(corpus\.jsonl|(model|fusion|embedding)\.safetensors|entities\.txt|relations\.txt)$/.exec(file);
      if (told === null) continue;
      const kept = file.replace(/-[0-9a-f]{12}\//, "/");
      digests[kept] = createHash("sha256")
        .update(await readFile(join(scratch, name, file)))
        .digest("hex");
    }
    return digests;
  };
  const files = async (path: string): Promise<readonly string[]> =>
    (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .sort();
  const stages = async (name: string): Promise<readonly string[]> =>
    (await readdir(join(scratch, name, "stages"))).sort();

  const knowledge = async (name: string): Promise<readonly Record<string, unknown>[]> =>
    gunzipSync(await readFile(join(scratch, name, "provenance.jsonl.gz")))
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  const withoutPlaces = (lines: readonly Record<string, unknown>[]) =>
    lines.map(({ source: _, element: __, headElement: ___, tailElement: ____, ...line }) => line);

  describe.each([
    ["ernie-thu", ["model/fusion.safetensors", "stages/embed/embedding.safetensors"]],
    ["k-bert", ["model/model.safetensors"]],
  ])("of %s", (strategy, learnt) => {
    it("comes to the same examples and the same bytes of weights as from files, by snapshot and live", async () => {
      const [files, snapshot, live] = ["files", "snapshot", "live"].map((one) => `${strategy}-${one}`) as [
        string,
        string,
        string,
      ];
      await trained(await config(files, { name: "folder", path: at("kg-fixtures/toy") }, strategy));
      await trained(await config(snapshot, inNeo4j(), strategy));
      await trained(await config(live, inNeo4j({ mode: "live" }), strategy));
      const wanted = await outcome(files);
      expect(Object.keys(wanted)).toEqual(expect.arrayContaining(["stages/link/corpus.jsonl", ...learnt]));
      expect(await outcome(snapshot)).toEqual(wanted);
      expect(await outcome(live)).toEqual(wanted);
      const entered = withoutPlaces(await knowledge(files));
      expect(withoutPlaces(await knowledge(snapshot))).toEqual(entered);
      expect(withoutPlaces(await knowledge(live))).toEqual(entered);
    });

    it("lists what entered which example, and where the database keeps it", async () => {
      const [snapshot, live] = [await knowledge(`${strategy}-snapshot`), await knowledge(`${strategy}-live`)];
      const { records } = await connection.executeQuery("MATCH (n:Pretrained) RETURN n.id, elementId(n)");
      const elements = new Map(records.map((record) => [record.get(0) as string, record.get(1) as string]));
      for (const [lines, source] of [
        [snapshot, /^neo4j bolt:\S+ snapshot [0-9a-f]{12}$/],
        [live, /^neo4j bolt:\S+$/],
      ] as const)
        for (const line of lines) {
          expect(line).toMatchObject({
            example: expect.any(String),
            stage: "pretrain",
            source: expect.stringMatching(source),
          });
          if (line.relation === undefined) expect(line.element).toBe(elements.get(line.entity as string));
          else
            expect([line.headElement, line.tailElement]).toEqual(
              [line.head, line.tail].map((id) => elements.get(id as string)),
            );
        }
      expect(snapshot.filter((line) => line.relation === undefined).length).toBeGreaterThan(10);
      expect(snapshot.some((line) => line.relation !== undefined)).toBe(strategy === "k-bert");
    });
  });

  it("keeps its stages while the graph is the same, and makes new ones where --refresh finds another", async () => {
    const path = await config("changing", inNeo4j());
    await trained(path);
    const first = await stages("changing");
    expect(first.map((name) => name.slice(0, 5))).toEqual(["embed", "link-"]);
    await rm(join(scratch, "changing", "cell.json"));
    await trained(path, { refresh: true });
    expect(await stages("changing")).toEqual(first);

    await connection.executeQuery("MATCH (n:Pretrained {id: 'casta'}) SET n.aliases = n.aliases + 'Lightport'");
    await rm(join(scratch, "changing", "cell.json"));
    await trained(path);
    expect(await stages("changing")).toEqual(first);
    await expect(trained(path, { refresh: true })).rejects.toThrow("holds a run of another config");
    const again = await config("changed", inNeo4j());
    await trained(again);
    expect(await stages("changed")).not.toEqual(first);
    expect(notes.filter((note) => note.includes("snapshot of")).length).toBeGreaterThan(0);
  });

  it("leaves the password in no file and no message", async () => {
    const all = await files(scratch);
    expect(
      all.filter((name) => /safetensors$|report\.html$|\.kgraph$|config\.yaml$|tfevents/.test(name)).length,
    ).toBeGreaterThan(5);
    const secrets = [server?.password as string, encodeURIComponent(server?.password as string)];
    const found: string[] = [];
    for (const name of all) {
      const text = await readFile(join(scratch, name));
      if (secrets.some((secret) => text.includes(secret))) found.push(name);
    }
    expect(found).toEqual([]);
    for (const note of notes) for (const secret of secrets) expect(note).not.toContain(secret);
  });
});
