import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = new URL("../../packages/", import.meta.url).pathname;

/** What a package may import of ours: never upward, never sideways. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  tensor: ["runtime"],
  onnx: ["runtime", "tensor"],
  text: ["runtime"],
  kg: ["runtime"],
  encoder: ["runtime", "tensor", "text"],
  "kg-embedding": ["runtime", "tensor", "kg"],
  "entity-linking": ["runtime", "text", "kg"],
  fusion: ["runtime", "tensor", "text", "kg", "encoder", "kg-embedding"],
  tasks: ["runtime", "tensor", "text", "kg", "encoder", "kg-embedding", "fusion"],
  pipeline: ["runtime", "tensor", "onnx", "text", "kg", "encoder", "kg-embedding", "entity-linking", "fusion", "tasks"],
  cli: ["runtime", "pipeline"],
};

interface Import {
  readonly file: string;
  readonly from: string;
}

/** What is shipped: tests may reach further. */
function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

function importsOf(packageName: string): readonly Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)[^"';]*?from\s*"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s*"([^"]+)"/g;
  return sourceFiles(join(root, packageName, "src")).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(pattern)].map((match) => ({
      file: file.slice(root.length),
      from: (match[1] ?? match[2] ?? match[3]) as string,
    })),
  );
}

const packages = Object.keys(mayImport);

test("every package is covered by the rules", () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...packages].sort());
});

test.each(packages)("%s imports only what lies below it", (name) => {
  const allowed = new Set([name, ...(mayImport[name] as readonly string[])].map((one) => `@kgraft/${one}`));
  const offending = importsOf(name).filter(
    ({ from }) => from.startsWith("@kgraft/") && !allowed.has(from.split("/").slice(0, 2).join("/")),
  );
  expect(offending).toEqual([]);
});

test.each(packages)("%s declares what it imports", (name) => {
  const manifest = JSON.parse(readFileSync(join(root, name, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const undeclared = importsOf(name)
    .map(({ file, from }) => ({
      file,
      from: from.startsWith("@") ? from.split("/").slice(0, 2).join("/") : (from.split("/")[0] as string),
    }))
    .filter(({ from }) => !from.startsWith(".") && !from.startsWith("node:") && !declared.includes(from));
  expect(undeclared).toEqual([]);
});

test("only tensor imports TensorFlow.js", () => {
  const offending = packages
    .filter((name) => name !== "tensor")
    .flatMap(importsOf)
    .filter(({ from }) => from.startsWith("@tensorflow/"));
  expect(offending).toEqual([]);
});

test("inversify is imported only by pipeline and by files called module.ts", () => {
  const offending = packages
    .filter((name) => name !== "pipeline")
    .flatMap(importsOf)
    .filter(({ file, from }) => from === "inversify" && !file.endsWith("/module.ts"));
  expect(offending).toEqual([]);
});

test("the encoder names no strategy", () => {
  const strategies = sourceFiles(join(root, "fusion/src"))
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/^\s*name: "([a-z][a-z0-9-]+)",$/gm)].map((match) => match[1] as string),
    )
    .filter((name) => name !== "none");
  expect(strategies).toContain("ernie-thu");
  const mentions = sourceFiles(join(root, "encoder/src")).flatMap((file) =>
    strategies.filter((name) => readFileSync(file, "utf8").includes(name)).map((name) => `${file}: ${name}`),
  );
  expect(mentions).toEqual([]);
});
