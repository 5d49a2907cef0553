import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

function blocks(page: string, language: string): readonly string[] {
  return [...textOf(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    (match) => match[1] as string,
  );
}

describe.each(pages)("%s", (page) => {
  test("links lead somewhere", () => {
    const links = [...textOf(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] as string);
    const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  test("names only configs that are there", () => {
    const named = textOf(page).match(/\bconfigs\/[\w-]+\.(?:yaml|json)/g) ?? [];
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("names only npm scripts that are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...textOf(page).matchAll(/\bnpm (?:run ([a-z]+)|(start|test)\b)/g)].map(
      (match) => (match[1] ?? match[2]) as string,
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test.skipIf(process.env.KGRAFT_OFFLINE === "1")(
  `the README's library example runs (it fetches a model into the cache once; skipped with KGRAFT_OFFLINE=1)`,
  { timeout: 300_000 },
  async () => {
    const [example] = blocks("README.md", "js");
    const file = join(root, "tests/docs", `.readme-example-${process.pid}.mjs`);
    writeFileSync(file, example as string);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: root });
      expect(stdout).toMatch(/entityAlignment: \[ 0\.693/);
    } finally {
      rmSync(file);
    }
  },
);
