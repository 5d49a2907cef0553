import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Ended, kgraft, readJson, root, temporaryFolder, write } from "./kgraft.ts";

const folder = temporaryFolder();
const text = write(
  folder,
  "plain.txt",
  Array.from(
    { length: 40 },
    (_, i) => `The lute in Marl plays at night .\nA river ${i} sings of the old town .\n\n`,
  ).join(""),
);

/** A config that pre-trains on plain text, without graph, linker or task. */
const config = (name: string, encoder: string, pretrain: string): string =>
  write(
    folder,
    `${name}.yaml`,
    `name: ${name}
backend: wasm
output: ${join(folder, name)}
encoder: ${encoder}
corpus: { name: text, path: ${text} }
pretrain: { objectives: [mlm], rate: 5e-3, newRate: 5e-3, batchSize: 8, maxLength: 24, warmup: 0, ${pretrain} }
`,
  );

const made = `{ tokenizer: ${join(root, "packages/text/fixtures/word-piece.json")}, numLayers: 1, hiddenSize: 32, numHeads: 2, maxPositions: 32, dropout: 0 }`;

interface Cell {
  readonly curves: readonly { readonly name: string; readonly points: readonly { readonly value: number }[] }[];
}

const losses = (name: string): readonly number[] =>
  (readJson(join(folder, name, "cell.json")) as Cell).curves[0]?.points.map(({ value }) => value) ?? [];

const run = (path: string): Promise<Ended> => kgraft(["run", path]);

describe("pre-training on plain text alone", () => {
  test("goes on with the masked-LM head of its checkpoint", async () => {
    const first = await run(config("first", made, "steps: 60"));
    expect(first.code, first.stderr).toBe(0);
    const model = `{ checkpoint: "file:${join(folder, "first/model")}" }`;
    const second = await run(config("second", model, "steps: 1"));
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).not.toMatch(/starts at random:.*cls\./);
    const before = losses("first");
    expect(before[0]).toBeGreaterThan(3);
    expect(losses("second")[0]).toBeLessThan((before[0] as number) - 1.5);
  }, 60_000);

  test("lays several texts into a row where it is told to", async () => {
    const ended = await run(config("packed", made, "pack: true, steps: 4"));
    expect(ended.code, ended.stderr).toBe(0);
    expect(losses("packed").every((loss) => loss > 0)).toBe(true);
  }, 60_000);

  test("refuses rows that are shared where an objective reads pairs", async () => {
    const path = config("refused", made, "pack: true, steps: 4");
    const { code, stderr } = await kgraft(["run", path, "--set", "pretrain.objectives=[nsp]"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('pretrain.pack: "nsp" reads each text in a row of its own.'),
    ]);
  }, 60_000);
});
