import { openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import type { Fusion, FusionDefinition } from "./contract.ts";
import { stackFusions } from "./stack.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";
import { openTrial, type States } from "./testing/trial.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const definition = (name: string, fusion: Fusion): FusionDefinition => ({
  name,
  summary: "A strategy of a test.",
  options: z.strictObject({}),
  needs: [],
  accepts: ["text"],
  claims: ["output"],
  neutral: {},
  create: () => fusion,
});

/** Adds the hidden states of some layers to the last ones. */
const summing = (taps: readonly number[]): FusionDefinition =>
  definition("summing", {
    taps,
    output: (stream, states) => ({
      ...stream,
      hidden: [...states.values()].reduce((sum, one) => tf.add(sum, one), stream.hidden),
    }),
  });

async function trialOf(one: FusionDefinition) {
  const trial = openTrial(one, {}, world);
  onTestFinished(() => trial.parameters.dispose());
  const batch = trial.collate(await trial.prepare(world.examples), 16);
  return { trial, batch };
}

describe("the output seam", () => {
  it("reads the layers it names behind the last one, and changes none below", async () => {
    const { trial, batch } = await trialOf(summing([0, 2, 4]));
    const { trial: plain } = await trialOf(definition("plain", {}));
    const layer = (to: number): States => plain.run(batch, { to });
    const sum = [0, 2, 4, 4].map(layer);
    const { values } = trial.run(batch);
    for (const [i, value] of values.entries())
      expect(value).toBeCloseTo(
        sum.reduce((total, one) => total + (one.values[i] as number), 0),
        4,
      );
    expect(trial.run(batch, { to: 3 })).toEqual(layer(3));
  });

  it("reads stored states of layers below the one that a run starts from, up to all of them", async () => {
    const { trial, batch } = await trialOf(summing([0, 2, 4]));
    const whole = trial.run(batch);
    expect(trial.fused.firstLayer).toBe(4);
    expect(trial.fused.storedLayers(3)).toEqual([0, 2, 3]);
    expect(trial.run(trial.withStored(batch, 3), { from: 3 })).toEqual(whole);
    expect(trial.run(trial.withStored(batch, 4), { from: 4 })).toEqual(whole);
    expect(() => trial.run(batch, { from: 3 })).toThrow('fusion.batch: no array "hidden.3"');
  });

  it("stands in a stack, whose parts all read what the layers gave", async () => {
    const doubling = definition("doubling", { output: (stream) => ({ ...stream, hidden: tf.mul(stream.hidden, 2) }) });
    const one = stackFusions([{ ...summing([1]), claims: [] }, doubling], "config.fusion.name");
    const { trial, batch } = await trialOf(one);
    const { trial: single } = await trialOf(summing([1]));
    const expected = single.run(batch).values.map((value) => 2 * value);
    expect(trial.run(batch).values).toEqual(expected);
    expect(() => stackFusions([summing([1]), doubling], "config.fusion.name")).toThrow(
      "both put states of their own in place of the last layer's",
    );
  });
});
