import type { Bar, Progress } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { layerRun } from "../../test-data/layer-run.ts";
import { sineRun } from "../../test-data/sine-run.ts";
import { openBackend, type StepRecord, tf, train } from "../index.ts";

describe.each(testedBackends)("train on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("runs all steps, reports each, and learns", async () => {
    const records: StepRecord[] = [];
    const shown: string[] = [];
    const bar: Bar = { update: (done, detail) => shown.push(`${done} ${detail}`), end: () => shown.push("end") };
    const progress: Progress = {
      bar: (label, total) => {
        shown.push(`${label} ${total}`);
        return bar;
      },
      note: () => undefined,
    };
    const run = sineRun({ length: { epochs: 30 }, progress, onStep: (record) => records.push(record) });
    const result = await train(run);
    expect(result).toMatchObject({ steps: 150, tokens: 1800, stopped: "length", evaluations: [] });
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    expect(records[7]).toMatchObject({ epoch: 1, tokens: 12 });
    expect(records[0]?.rate).toBe(0);
    expect(result.losses.square).toEqual(records.map((record) => Math.fround(record.losses.square ?? Number.NaN)));
    const mean = (values: readonly number[] = []) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(result.losses.square?.slice(-20))).toBeLessThan(0.3 * mean(result.losses.square?.slice(0, 20)));
    expect(shown[0]).toBe("sine 150");
    expect(shown[3]).toMatch(/^3 square [\d.e-]+, [\d,]+ tokens\/s, [\d.]+ GiB$/);
    expect(shown.at(-1)).toBe("end");
    run.parameters.dispose();
  });

  it("holds no more memory after a thousand steps than after ten", async () => {
    const seen: number[] = [];
    const before = tf.memory().numBytes;
    const run = sineRun({
      length: { steps: 1001 },
      clipNorm: 1,
      onStep: ({ step }) => {
        if (step === 10 || step === 1000) seen.push(tf.memory().numBytes, tf.memory().numTensors);
      },
    });
    await train(run);
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
    run.parameters.dispose();
    expect(tf.memory().numBytes).toBe(before);
  });

  it("trains a Transformer layer, twice to the same bytes, without a leak", async () => {
    const ends: unknown[] = [];
    for (const _ of [1, 2]) {
      const seen: number[] = [];
      const onStep = ({ step }: StepRecord) => {
        if (step === 10 || step === 99) seen.push(tf.memory().numBytes);
      };
      const run = layerRun({ onStep });
      const { losses } = await train(run);
      expect(losses.mlm?.at(-1)).toBeLessThan(0.5 * (losses.mlm?.[0] ?? 0));
      expect(seen[1]).toBe(seen[0]);
      ends.push([losses, await run.parameters.snapshot()]);
      run.parameters.dispose();
    }
    expect(ends[1]).toEqual(ends[0]);
  });
});

it.skipIf(!testedBackends.includes("native"))(
  "runs on native too (skipped where it is not built: kgraft doctor --native)",
  async () => {
    expect((await openBackend("native")).name).toBe("native");
  },
);
