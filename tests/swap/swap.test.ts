import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FusionDefinition } from "@kgraft/fusion";
import { listLoaded, readConfig, run } from "@kgraft/pipeline";
import { silent } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
const fixture = (path: string): string => join(root, path);

let folder: string;
let registry: Awaited<ReturnType<typeof readConfig>>["registry"];
beforeAll(async () => {
  await openBackend("wasm");
  folder = await mkdtemp(join(tmpdir(), "kgraft-swap-"));
  await writeExamples();
  await writeFile(join(folder, "loaded.yaml"), "name: loaded\n");
  ({ registry } = await readConfig(join(folder, "loaded.yaml")));
});
afterAll(() => rm(folder, { recursive: true }));

interface Named {
  readonly id: string;
  readonly label: string;
  readonly types?: readonly string[];
}

async function jsonLines<T>(path: string): Promise<readonly T[]> {
  const text = await readFile(fixture(path), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** A sentence for each triple of the toy graph, with everything that any task on texts reads. */
async function writeExamples(): Promise<void> {
  const entities = new Map((await jsonLines<Named>("kg-fixtures/toy/entities.jsonl")).map((one) => [one.id, one]));
  const relations = new Map((await jsonLines<Named>("kg-fixtures/toy/relations.jsonl")).map((one) => [one.id, one]));
  const lines = (await readFile(fixture("kg-fixtures/toy/triples.tsv"), "utf8")).trimEnd().split("\n");
  const examples = lines.map((line, i) => {
    const [head, relation, tail] = line.split("\t") as [string, string, string];
    const [first, second] = [entities.get(head) as Named, entities.get(tail) as Named];
    const before = `${first.label} ${relations.get(relation)?.label} `;
    const points = (text: string): number => [...text].length;
    const [left, right] = [
      { start: 0, end: points(first.label) },
      { start: points(before), end: points(before + second.label) },
    ];
    const typeOf = ({ types = ["thing"] }: Named): string => types[0] ?? "thing";
    return {
      base: { id: `t${i}`, text: `${before}${second.label} .` },
      relation: { targets: [left, right], labels: [relation] },
      sentence: { labels: [relation.length > 8 ? "long" : "short"] },
      spans: { spans: [left, right].map((span, at) => ({ ...span, label: typeOf(at === 0 ? first : second) })) },
      typing: { target: left, labels: [typeOf(first)] },
    };
  });
  for (const kind of ["relation", "sentence", "spans", "typing"] as const)
    for (const [part, from, to] of [
      ["train", 0, 30],
      ["test", 30, 42],
    ] as const) {
      const own = examples.slice(from, to).map((one) => JSON.stringify({ ...one.base, ...one[kind] }));
      await writeFile(join(folder, `${kind}-${part}.jsonl`), `${own.join("\n")}\n`);
    }
}

/** How each task is told where its examples are; every task that is loaded must stand here. */
const tasks: Readonly<Record<string, string>> = {
  "entity-typing": "train: typing-train.jsonl, test: typing-test.jsonl",
  "relation-classification": "train: relation-train.jsonl, test: relation-test.jsonl",
  "sentence-classification": "train: sentence-train.jsonl, test: sentence-test.jsonl",
  "named-entity-recognition": "train: spans-train.jsonl, test: spans-test.jsonl",
  "triple-classification": "data: { name: graph-triples }",
  "link-prediction": "data: { name: graph-triples }, maxRankedTriples: 2",
  "relation-prediction": "data: { name: graph-triples }",
};

/** Sizes that fit the small encoder, for strategies whose defaults do not. */
const strategies = `
  ernie-thu: { fusedLayers: [1], entityHeads: 2 }
  k-adapter: { innerHeads: 2, innerLayers: 1 }
`;

/** Arms that every task is tried with; every strategy that is loaded must stand here. */
const arms = ["none", "ernie-thu", "k-adapter", "k-bert", "kg-bert", "wklm", "wklm+ernie-thu", "wklm+k-adapter"];

function configOf(task: string, arm: string, triples: boolean): string {
  return `name: swap
backend: wasm
output: ${join(folder, `${task}-${arm}`)}
graph: { name: folder, path: ${fixture("kg-fixtures/toy")} }
linker: { name: dictionary }
embedding: { name: transe, dimension: 8, epochs: 2, batchSize: 64, negatives: 8 }
encoder: { tokenizer: ${fixture("packages/text/fixtures/word-piece.json")}, numLayers: 2, hiddenSize: 16, numHeads: 2, maxPositions: 64 }
fusion: { name: ${arm} }
strategies:${strategies}
corpus: ${triples ? "{ name: triples, limit: 16 }" : "{ name: jsonl, path: relation-train.jsonl }"}
pretrain: { steps: 2, batchSize: 8, maxLength: 32 }
task: { name: ${task}, ${tasks[task]}, epochs: 1, batchSize: 16, maxLength: 32, freezeLayers: 0 }
report: { html: false, tensorboard: false }
`;
}

async function written(task: string, arm: string): Promise<string> {
  const path = join(folder, `${task}-${arm}.yaml`);
  await writeFile(path, configOf(task, arm, kindOf(task) === "triple"));
  return path;
}

interface Loaded {
  readonly name: string;
}

const kindOf = (task: string): string =>
  (registry.get("task", task, "test").definition as unknown as { readonly examples: string }).examples;

function accepts(arm: string, kind: string): boolean {
  const definitions = arm
    .split("+")
    .map((name) => registry.get("fusion", name, "test").definition as unknown as FusionDefinition);
  return definitions.every((definition) => definition.accepts.includes(kind as "text"));
}

describe("every task with every strategy", () => {
  it("covers all that is loaded", async () => {
    const loaded = (await listLoaded()) as Readonly<Record<string, readonly Loaded[]>>;
    const names = (kind: string): readonly string[] => (loaded[kind] ?? []).map(({ name }) => name).sort();
    expect(Object.keys(tasks).sort()).toEqual(names("tasks"));
    expect(arms.filter((arm) => !arm.includes("+")).sort()).toEqual(names("fusion"));
  });

  describe.each(Object.keys(tasks))("%s", (task) => {
    it.each(arms)("%s: trained and scored, or refused with those that fit", async (arm) => {
      const kind = kindOf(task);
      const path = await written(task, arm);
      if (!accepts(arm, kind)) {
        await expect(readConfig(path)).rejects.toThrow(
          new RegExp(
            `takes (text|triple) examples, the (task|corpus) ".*" gives ${kind} examples. Wanted one of .*none`,
          ),
        );
        return;
      }
      const tensors = tf.memory().numTensors;
      const { metrics } = await run(await readConfig(path), { resume: false, progress: silent });
      const scores = Object.values(
        (metrics as Record<string, Record<string, Record<string, number>>>)[task]?.test ?? {},
      );
      expect(scores.length).toBeGreaterThan(0);
      expect(scores.every(Number.isFinite)).toBe(true);
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });
});
