import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, kgraft, leftovers, readJson, temporaryFolder, tinyConfig } from "./kgraft.ts";

const folder = temporaryFolder();
const config = tinyConfig(folder);
const home = join(folder, "out/compare");
const compare = (...more: string[]): Promise<Ended> =>
  kgraft([
    "compare",
    config,
    "--strategies",
    "none,ernie-thu",
    "--set",
    "task.epochs=1",
    "--set",
    "task.freezeLayers=1",
    ...more,
  ]);

interface Arm {
  readonly arm: string;
  readonly seeds: readonly number[];
  readonly scores: Readonly<Record<string, { readonly mean: number; readonly deviation?: number }>>;
  readonly seconds: Readonly<Record<string, number>>;
}

let first: Ended;
beforeAll(async () => {
  first = await compare("--seeds", "2");
});

const lineOf = (text: string, arm: string): string => text.split("\n").find((line) => line.startsWith(`${arm} `)) ?? "";

describe("kgraft compare", () => {
  test("prints plain lines without a terminal, one an arm, its name first, mean ± deviation over seeds", () => {
    expect([first.code, first.code === 0 ? "" : first.stderr]).toEqual([0, ""]);
    const lines = first.stdout.split("\n");
    expect(lines[0]).toBe("tiny: entity-typing, test split, mean ± deviation of 2 seeds");
    expect(lines[1]).toMatch(
      /^strategy +strict acc\. +macro F1 +micro F1 +link s +embed s +pretrain s +finetune s +evaluate s +parameters +backend$/,
    );
    for (const arm of ["none", "ernie-thu"])
      expect(lineOf(first.stdout, arm)).toMatch(/^\S+( +\d+\.\d ± \d+\.\d){3}( +\d+){4,5} +\d+ k +wasm$/);
    expect(lineOf(first.stdout, "(most frequent type)")).not.toBe("");
    expect(lineOf(first.stdout, "(type of the linked entity)")).not.toBe("");
  });

  test("computes mean and sample deviation of the cells' own metrics", () => {
    const { arms } = readJson<{ arms: Arm[] }>(home, "comparison.json");
    for (const { arm, seeds, scores } of arms) {
      const values = seeds.map((seed) => {
        const metrics = readJson<Record<string, Record<string, Record<string, number>>>>(
          home,
          arm,
          `seed-${seed}`,
          "metrics.json",
        );
        return metrics["entity-typing"]?.test?.looseMicroF1 as number;
      });
      const [a = 0, b = 0] = values;
      expect(scores.looseMicroF1?.mean).toBeCloseTo((a + b) / 2, 12);
      expect(scores.looseMicroF1?.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    }
    expect(arms.map(({ arm, seeds }) => [arm, seeds])).toEqual([
      ["none", [13, 14]],
      ["ernie-thu", [13, 14]],
    ]);
  });

  test("writes each cell's config with its own arm and seed, and leaves nothing temporary", () => {
    const written = readFileSync(join(home, "none/seed-14/config.yaml"), "utf8");
    expect(written).toMatch(/fusion:\n {2}name: none\n/);
    expect(written).toMatch(/\nseed: 14\n/);
    expect(leftovers(join(folder, "out"))).toEqual([]);
  });

  test("keeps finished cells: a second call prints the same table, in any form", async () => {
    const second = await compare("--seeds", "2");
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr.match(/done before, kept/g)?.length).toBe(4);
    const { stdout, code } = await compare("--seeds", "2", "--json", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(join(home, "comparison.json"), "utf8"));
  });

  test("computes a cell again where the config has changed, --controls adds those that a strategy has", async () => {
    const kept = readFileSync(join(home, "none/seed-13/cell.json"), "utf8");
    const changed = await compare("--controls", "--set", "task.rate=2e-3", "--json");
    const { arms } = JSON.parse(changed.stdout) as { arms: Arm[] };
    expect(arms.map(({ arm }) => arm)).toEqual([
      "none",
      "ernie-thu",
      "ernie-thu@random",
      "ernie-thu@shuffled",
      "ernie-thu@empty",
    ]);
    expect(changed.stderr).not.toContain("kept");
    expect(readFileSync(join(home, "none/seed-13/cell.json"), "utf8")).not.toBe(kept);
    expect(arms[0]?.scores.looseMicroF1).not.toHaveProperty("deviation");
  });

  test("writes TensorBoard events without a report where the config wants them alone", async () => {
    const output = join(folder, "events");
    const { code, stdout } = await compare("--set", "report.html=false", "--set", `output=${output}`);
    expect([code, stdout.includes("Report:")]).toEqual([0, false]);
    expect(existsSync(join(output, "compare/report.html"))).toBe(false);
    for (const arm of ["none", "ernie-thu"])
      expect(readdirSync(join(output, "compare", arm, "seed-13")).join()).toMatch(/events\.out\.tfevents/);
  });

  test("refuses an arm that is named twice or unknown before anything runs", async () => {
    const output = join(folder, "untouched");
    const refuse = async (arms: string): Promise<string> => {
      const { code, stderr, stdout } = await kgraft([
        "compare",
        config,
        "--strategies",
        arms,
        "--set",
        `output=${output}`,
      ]);
      expect([code, stdout, existsSync(output)]).toEqual([2, "", false]);
      return stderr;
    };
    expect(await refuse("none,none")).toBe('error --strategies: "none" is named twice. Name each arm once.\n');
    expect(await refuse("none,ernie-tu")).toContain('no fusion strategy "ernie-tu"');
  });
});
