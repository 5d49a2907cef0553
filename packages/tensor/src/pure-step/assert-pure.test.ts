import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { layerBatch, layerLosses, layerSpecs } from "../../test-data/layer-run.ts";
import { sineData, sineLosses, sineSpecs } from "../../test-data/sine-run.ts";
import {
  assertPure,
  gradients,
  type Loss,
  type LossFunction,
  Optimiser,
  openBackend,
  Parameters,
  tf,
  toDevice,
} from "../index.ts";

describe.each(testedBackends)("assertPure on %s", (backend) => {
  const x: tf.Tensor1D[] = [];
  beforeAll(async () => {
    await openBackend(backend);
    x.splice(0, 2, tf.tensor1d([1, 2, 2, 4]), tf.tensor1d([3, 3, 3, 7]));
  });
  const input = (run: number): tf.Tensor1D => x[run] as tf.Tensor1D;

  it("lets a training step pass: forward, backward and update", async () => {
    const parameters = Parameters.create(sineSpecs, streams(1));
    const optimiser = new Optimiser({ name: "adamw", rate: 0.1 }, parameters);
    const batches = [toDevice((await sineData.batch(0, 0)).arrays), toDevice((await sineData.batch(0, 1)).arrays)];
    const scalars = [optimiser.scalars(1, 1), optimiser.scalars(2, 0.5)];
    assertPure((run) => {
      const step = gradients(sineLosses, parameters, batches[run] ?? {}, { training: true });
      optimiser.apply(step.gradients, scalars[run] ?? {});
      tf.dispose([{ ...step.gradients }, step.losses.square?.sum, step.losses.square?.weight] as tf.TensorContainer);
    });
    expect(parameters.get("out.weight").dataSync()).toHaveLength(4);
    optimiser.dispose();
    parameters.dispose();
  });

  it("lets a Transformer layer with dropout and a masked-language-model loss pass", () => {
    const parameters = Parameters.create(layerSpecs, streams(1));
    const batches = [layerBatch(0), layerBatch(1)].map(({ arrays }) => toDevice(arrays));
    const keys = [tf.tensor1d([1, 2], "int32"), tf.tensor1d([3, 4], "int32")];
    assertPure((run) => {
      const step = gradients(layerLosses, parameters, batches[run] ?? {}, { training: true, key: keys[run] });
      expect(Object.keys(step.gradients)).toHaveLength(layerSpecs.length);
      tf.dispose([{ ...step.gradients }, step.losses.mlm?.sum, step.losses.mlm?.weight] as tf.TensorContainer);
    });
    tf.dispose([batches.map((batch) => ({ ...batch })), keys]);
    parameters.dispose();
  });

  it("lets a step with two losses pass, whose total is a kernel of a list of inputs", async () => {
    const parameters = Parameters.create(sineSpecs, streams(1));
    const batches = [toDevice((await sineData.batch(0, 0)).arrays), toDevice((await sineData.batch(0, 1)).arrays)];
    const two: LossFunction = (...at) => {
      const { square } = sineLosses(...at) as Record<"square", Loss>;
      return { square, again: { sum: tf.sum(tf.stack([square.sum, square.sum])), weight: square.weight } };
    };
    assertPure((run) => {
      const step = gradients(two, parameters, batches[run] ?? {}, { training: true });
      tf.dispose([{ ...step.gradients }, Object.values(step.losses).flatMap(({ sum, weight }) => [sum, weight])]);
    });
    expect(parameters.get("out.weight").shape).toEqual([1, 4]);
    parameters.dispose();
  });

  it("lets constants of the code pass", () => {
    assertPure((run) => [tf.mul(input(run), 2), tf.ones([3, 4]), tf.sum(input(run), 0), tf.range(0, 5), tf.eye(3)]);
  });

  const line = /^.*assert-pure\.test\.ts:\d+ /;
  it.each<[string, (run: number) => unknown, string]>([
    [
      "dataSync",
      (run) => tf.mul(input(run), input(run).dataSync()[0] ?? 0),
      "(dataSync): reads the values of a tensor inside a step.",
    ],
    [
      "data",
      (run) =>
        void input(run)
          .data()
          .catch(() => 0),
      "(data): reads the values",
    ],
    ["arraySync", (run) => input(run).arraySync(), "(arraySync): reads the values"],
    [
      "a host mask",
      (run) => tf.mul(input(run), [1, 0, 1, 1]),
      "makes a tensor float32 [4] from host data inside a step. Put it in the batch",
    ],
    ["a host tensor", () => tf.tensor1d([1, 2, 3]), "(tensor1d): makes a tensor float32 [3] from host data"],
    ["random numbers", () => tf.randomNormal([3]), "makes a tensor float32 [3] from host data"],
    [
      "a counter",
      (run) => tf.mul(input(run), 1 + run),
      "uses 2 where it used 1 the first time. What changes from step to step is an input",
    ],
    ["another attribute", (run) => tf.slice(input(run), run, 2), "first time"],
    [
      "another shape",
      (run) => tf.slice(input(run), 0, 2 + run),
      "gives [3] where it gave [2] the first time. No shape",
    ],
    [
      "another op",
      (run) => (run === 0 ? tf.sin(input(run)) : tf.cos(input(run))),
      "runs Cos where Sin ran the first time",
    ],
    [
      "an op more",
      (run) => (run === 0 ? tf.sin(input(run)) : tf.cos(tf.sin(input(run)))),
      "was not run the first time",
    ],
    [
      "an op less",
      (run) => (run === 0 ? tf.cos(tf.sin(input(run))) : tf.sin(input(run))),
      "is not run again the second time",
    ],
  ])("names %s and its line", (_, step, message) => {
    let thrown: Error | undefined;
    try {
      assertPure(step);
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown?.message).toContain(message);
    expect(thrown?.message).toMatch(line);
    expect(thrown).toMatchObject({ code: "tensor.pure-step", exitCode: 1 });
  });

  it("refuses a promise, and puts the engine back afterwards", () => {
    expect(() => assertPure(async () => 1)).toThrow("the step returns a promise. A step is synchronous.");
    expect([...tf.tidy(() => tf.square([1, 2])).dataSync()]).toEqual([1, 4]);
  });
});

it("names an op whose result is as long as the values say", async () => {
  await openBackend("cpu");
  const x = tf.tensor1d([1, 2, 2, 4]);
  expect(() => assertPure(() => tf.unique(x).values)).toThrow(
    "(Unique): gives a result whose shape depends on values.",
  );
});
