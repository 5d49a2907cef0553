import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kgraft, root } from "../cli/kgraft.ts";

const folder = join(root, "docs/strategies");
const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));

/** Options of a strategy with their defaults, from its schema. */
async function optionsOf(strategy: string): Promise<readonly [string, unknown][]> {
  const { stdout } = await kgraft(["list", "--schema"]);
  const { properties } = JSON.parse(stdout).properties.strategies.properties[strategy];
  return Object.entries(properties as Record<string, { default?: unknown }>).map(([name, schema]) => [
    name,
    schema.default,
  ]);
}

function firstBlock(page: string, language: string): string | undefined {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
}

/** Words of a command line; double quotes hold words together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? (bare as string));

describe.each(pages)("docs/strategies/%s", (name) => {
  const page = readFileSync(join(folder, name), "utf8");
  const command = firstBlock(page, "sh");

  test("its table has every option, with its default where that is a plain value", async () => {
    const rows = new Map([...page.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, option, value]) => [option, value]));
    const options = await optionsOf(name.replace(".md", ""));
    expect([...rows.keys()].sort()).toEqual(options.map(([option]) => option).sort());
    for (const [option, value] of options)
      if (["number", "boolean", "string"].includes(typeof value)) expect(rows.get(option), option).toBe(String(value));
  });

  test.skipIf(command === undefined)("its first command prints what stands below it", async () => {
    const [npx, program, ...args] = wordsOf(command as string);
    expect([npx, program]).toEqual(["npx", "kgraft"]);
    const { code, stdout, stderr } = await kgraft(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(firstBlock(page, "text"));
  });
});
