import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { neo4j } from "@kgraft/kg";
import driver from "neo4j-driver";
import { afterAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();
const page = await readFile(new URL("../../docs/neo4j.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
  language,
  text,
}));
const config = parse(await readFile(new URL("../../configs/neo4j-wordnet.yaml", import.meta.url), "utf8"));

/** Code from the page, as one module that vitest can load; it asks for Cypher between its pieces. */
const moduleFile = fileURLToPath(new URL("./walk.generated.ts", import.meta.url));

describe("the mapping of docs/neo4j.md and configs/neo4j-wordnet.yaml", () => {
  it("is the same, and the adapter takes it", () => {
    const shown = blocks.filter(({ language }) => language === "yaml").map(({ text }) => parse(text))[1];
    const { closure: _, name: __, ...options } = config.graph;
    expect(config.graph).toMatchObject(shown.graph);
    expect(neo4j.options.parse(options)).toMatchObject({ mode: "snapshot", entities: { label: "Synset" } });
  });
});

describe.skipIf(server === undefined)(`docs/neo4j.md${reason}`, () => {
  const connection = driver.driver(server?.url ?? "bolt://none", driver.auth.basic("neo4j", server?.password ?? ""));
  const asked: unknown[][] = [];
  const said: unknown[][] = [];
  let cache = "";
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true, force: true });
    await connection.close();
    await rm(moduleFile, { force: true });
  });

  it("runs from the first block to the last", async () => {
    cache = await mkdtemp(join(tmpdir(), "kgraft-neo4j-walk-"));
    vi.stubEnv("NEO4J_URL", server?.url);
    vi.stubEnv("NEO4J_PASSWORD", server?.password);
    vi.stubEnv("KGRAFT_CACHE", cache);
    const cypher: string[] = [];
    const pieces = blocks.map(({ language, text }) => {
      if (language === "cypher") return `await ask(${cypher.push(text) - 1});\n`;
      return language === "ts" ? text : "";
    });
    const [imports = "", ...code] = pieces.join("").split(/\n\n(?=const options)/);
    const body = `export async function walk(ask: (query: number) => Promise<void>): Promise<void> {\n${code.join("\n")}}\n`;
    await writeFile(moduleFile, `${imports}\n\n${body}`);
    vi.spyOn(console, "log").mockImplementation((...values) => void said.push(values));
    const { walk } = (await import(/* @vite-ignore */ moduleFile)) as {
      walk(ask: (query: number) => Promise<void>): Promise<void>;
    };
    await walk(async (query) => {
      const { records } = await connection.executeQuery(cypher[query] as string);
      asked.push(records.map((record) => record.get(0)));
    });
    expect(said[0]).toEqual([3625]);
    expect(said[1]?.[0]).toMatchObject({ entities: 3625 });
    expect(said[2]?.[0]).toHaveProperty("label");
    expect(said[3]?.[0]).toEqual([expect.stringContaining("CREATE VECTOR INDEX")]);
    expect(said[4]?.[0]).toMatchObject({ vectors: 3625 });
    expect(asked.map((rows) => rows.length > 0)).toEqual([true, true]);
    expect(asked[1]).toHaveLength(5);
  });
});
