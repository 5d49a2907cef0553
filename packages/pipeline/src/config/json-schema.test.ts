import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { loadedSchema } from "../list-definitions.ts";
import { readConfig } from "./read-config.ts";

const folder = new URL("../../../../configs/", import.meta.url).pathname;
const published = JSON.parse(readFileSync(join(folder, "schema.json"), "utf8")) as Parameters<
  typeof z.fromJSONSchema
>[0];
const configs = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

test("configs/schema.json is what the loaded packages say (else: kgraft list --schema > configs/schema.json)", async () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(await loadedSchema())));
});

describe("the published schema and the reader agree", () => {
  const schema = z.fromJSONSchema(published);
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");

  test.each(configs)("%s is good for both and names its schema", async (name) => {
    for (const [, variable] of read(name).matchAll(/\$\{(\w+)\}/g))
      vi.stubEnv(variable as string, "from-the-environment");
    expect(schema.safeParse(parse(read(name))).error?.issues).toBeUndefined();
    expect((await readConfig(join(folder, name))).name).toBe(parse(read(name)).name);
    expect(read(name).split("\n")[0]).toBe("# yaml-language-server: $schema=schema.json");
  });

  test.each([
    ["an unknown key", { name: "toy", linkr: {} }],
    ["an unknown option", { name: "toy", embedding: { name: "transe", dimensoin: 4 } }],
    ["an unknown implementation", { name: "toy", linker: { name: "dictonary" } }],
    ["a wrong type", { name: "toy", seed: "many" }],
    ["a value out of range", { name: "toy", pretrain: { steps: 0 } }],
    ["an unknown option of a strategy", { name: "toy", strategies: { "ernie-thu": { fused: [1] } } }],
  ])("%s is bad for the schema", (_, config) => {
    expect(schema.safeParse(config).success).toBe(false);
  });
});
