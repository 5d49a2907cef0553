import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
const packageFolders = readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join("packages", name));
const pages = [
  "README.md",
  ...packageFolders.map((folder) => join(folder, "README.md")),
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

/** Runs an example as a program of its own, from the root and against the build; gives what it prints. */
async function printedBy(example: string, name: string): Promise<string> {
  const file = join(root, "tests/docs", `.${name}-example-${process.pid}.mjs`);
  writeFileSync(file, example);
  try {
    return (await promisify(execFile)(process.execPath, [file], { cwd: root })).stdout;
  } finally {
    rmSync(file);
  }
}

test.skipIf(process.env.KGRAFT_OFFLINE === "1")(
  "the README's library example runs (it fetches a model into the cache once; skipped with KGRAFT_OFFLINE=1)",
  { timeout: 300_000 },
  async () => {
    const [example] = blocks("README.md", "js");
    expect(await printedBy(example as string, "readme")).toMatch(/entityAlignment: \[ 0\.693/);
  },
);

describe.each(packageFolders)("%s, as a stranger meets it", (folder) => {
  const page = join(folder, "README.md");
  const { name } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { name: string };

  test("says how to install it and where the whole is, and brings the licence", () => {
    expect(textOf(page)).toMatch(new RegExp(`^# ${name}\n`));
    expect(blocks(page, "sh")[0]).toMatch(new RegExp(`^npm install ${name}\n`));
    expect(textOf(page)).toContain("](../../README.md)");
    expect(readFileSync(join(root, folder, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
  });

  test("its example prints what it says", async () => {
    const [example = "", ...others] = blocks(page, "js");
    expect(others).toEqual([]);
    expect(example).toContain(`from "${name}"`);
    const said = [...example.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1] as string);
    expect(said.length).toBeGreaterThan(0);
    expect((await printedBy(example, name.replace(/\W/g, "-"))).trimEnd().split("\n")).toEqual(said);
  });
});
