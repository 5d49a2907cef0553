import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url).pathname;

/** A package as `npm pack` would make it. */
interface Packed {
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
}

const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--workspaces"];
const packed = (
  JSON.parse(execFileSync("npm", args, { cwd: root, stdio: ["ignore", "pipe", "ignore"] }).toString()) as Packed[]
)
  .filter(({ name }) => !name.startsWith("@kgraft-example/"))
  .map(({ name, files }) => ({
    name,
    folder: join(root, "packages", name.replace(/^@kgraft\//, "").replace(/^kgraft$/, "cli")),
    paths: files.map(({ path }) => path),
  }));

test("every package of the workspace is published", () => {
  const folders = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(packed.map(({ folder }) => folder).sort()).toEqual(
    folders.map(({ name }) => join(root, "packages", name)).sort(),
  );
});

describe.each(packed)("$name, as it would be published", ({ folder, paths }) => {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly license: string;
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };

  test("passes publint", async () => {
    const files = paths.map((path) => ({
      name: `package/${path}`,
      data: Uint8Array.from(readFileSync(join(folder, path))).buffer,
    }));
    const { messages, pkg } = await publint({ pkgDir: "package", pack: { files }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg as Record<string, unknown>))).toEqual([]);
  });

  test("holds its code and types, and no test, test data or build state", () => {
    expect(
      paths.filter((path) => !/^(dist|src|bin)\/|^(package\.json|LICENSE|README\.md)$/.test(path) && !isDeclared(path)),
    ).toEqual([]);
    expect(paths.filter((path) => /\.test\.|test-data|(^|\/)testing\/.*\.test|tsbuildinfo/.test(path))).toEqual([]);
    expect(paths).toContain("dist/index.js");
    expect(paths).toContain("dist/index.d.ts");
  });

  test("exports only files that it holds, each with its types, its own source first for us alone", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (name === "./package.json") continue;
      const conditions = target as Readonly<Record<string, string>>;
      expect(Object.keys(conditions), name).toEqual(["kgraft-source", "types", "default"]);
      for (const path of Object.values(conditions)) expect(paths, name).toContain(path.slice(2));
    }
    expect(manifest.license).toBe("Apache-2.0");
  });

  /** What package.json names under files beside code. */
  function isDeclared(path: string): boolean {
    const { files } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { files: string[] };
    return files.some((one) => !one.startsWith("!") && (path === one || path.startsWith(`${one}/`)));
  }
});

test("the packages work from plain Node, without the container", () => {
  const script = `
    import { openBackend, Parameters, tf } from "@kgraft/tensor";
    import { createEncoder, newModel } from "@kgraft/encoder";
    import { createFusedEncoder, none } from "@kgraft/fusion";
    import { loadTokenizer } from "@kgraft/text";
    await openBackend("cpu");
    const { encoder } = await newModel({ numLayers: 1, hiddenSize: 8, numHeads: 2 }, "packages/text/fixtures/word-piece.json");
    process.stdout.write(String(encoder.config.numLayers));`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root }).toString()).toBe("1");
});
