import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kgraft, root } from "../cli/kgraft.ts";

const folder = join(root, "docs/strategies");
const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));

function firstBlock(page: string, language: string): string | undefined {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
}

/** Words of a command line; double quotes hold words together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? (bare as string));

describe.each(pages)("docs/strategies/%s", (name) => {
  const page = readFileSync(join(folder, name), "utf8");
  const command = firstBlock(page, "sh");

  test.skipIf(command === undefined)("its first command prints what stands below it", async () => {
    const [npx, program, ...args] = wordsOf(command as string);
    expect([npx, program]).toEqual(["npx", "kgraft"]);
    const { code, stdout, stderr } = await kgraft(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(firstBlock(page, "text"));
  });
});
