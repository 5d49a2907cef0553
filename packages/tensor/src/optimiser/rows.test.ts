import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { Optimiser, type OptimiserConfig, openBackend, type ParameterSpec, Parameters, tf } from "../index.ts";

const [rows, width] = [7, 3];
const spec: ParameterSpec = {
  name: "table",
  shape: [rows, width],
  init: { kind: "normal", deviation: 1 },
  role: "embedding",
};
const adagrad: OptimiserConfig = { name: "adagrad", rate: 0.3 };
/** Rows that each step gathers; 2 and 6 never are. */
const gathered = [
  [4, 0],
  [1, 4, 3],
  [5, 0, 4],
];
const gradient = (step: number, count: number): Float32Array =>
  streams(3)
    .at("gradient", step)
    .fillNormal(new Float32Array(count * width), 1);

/** Trains a table and gives value and squares. */
async function trained(update: (optimiser: Optimiser, step: number, ids: number[]) => void): Promise<Float32Array[]> {
  const parameters = Parameters.create([spec], streams(1));
  const optimiser = new Optimiser(adagrad, parameters);
  for (const [step, ids] of gathered.entries()) tf.tidy(() => update(optimiser, step, ids));
  const values = [
    (await parameters.snapshot()).get("table") as Float32Array,
    (await optimiser.moments()[0]?.data()) as Float32Array,
  ];
  optimiser.dispose();
  parameters.dispose();
  return values;
}

describe.each(testedBackends)("Adagrad of single rows on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("moves them as the whole table's gradient would, and leaves the others bit by bit", async () => {
    const sparse = await trained((optimiser, step, ids) =>
      optimiser.applyRows(
        "table",
        tf.tensor1d(ids, "int32"),
        tf.tensor(gradient(step, ids.length), [ids.length, width]),
        optimiser.scalars(step + 1, 1),
      ),
    );
    const dense = await trained((optimiser, step, ids) => {
      const whole = new Float32Array(rows * width);
      for (const [i, id] of ids.entries())
        whole.set(gradient(step, ids.length).subarray(i * width, (i + 1) * width), id * width);
      optimiser.apply({ table: tf.tensor(whole, [rows, width]) }, optimiser.scalars(step + 1, 1));
    });
    const start = (await Parameters.create([spec], streams(1)).snapshot()).get("table") as Float32Array;
    for (const [part, values] of sparse.entries())
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(dense[part]?.[i] as number, 6);
    for (const row of [2, 6]) {
      const of = (values: Float32Array | undefined) => values?.slice(row * width, (row + 1) * width);
      expect(of(sparse[0])).toEqual(of(start));
      expect(of(sparse[1])).toEqual(new Float32Array(width));
    }
    expect(sparse[0]?.slice(4 * width, 5 * width)).not.toEqual(start.slice(4 * width, 5 * width));
  });

  it("leaves nothing behind", () => {
    const parameters = Parameters.create([spec], streams(1));
    const optimiser = new Optimiser(adagrad, parameters);
    const before = tf.memory().numTensors;
    tf.tidy(() =>
      optimiser.applyRows("table", tf.tensor1d([1, 2], "int32"), tf.ones([2, width]), optimiser.scalars(1, 1)),
    );
    expect(tf.memory().numTensors).toBe(before);
    optimiser.dispose();
    parameters.dispose();
  });
});

it.each([
  ["the rule moves every row", { name: "adamw", rate: 0.1, decay: 0 }],
  ["the rule's weight decay moves every row", { ...adagrad, decay: 0.1 }],
] as [string, OptimiserConfig][])("rows alone are refused where %s", async (reason, config) => {
  await openBackend("cpu");
  const optimiser = new Optimiser(config, Parameters.create([spec], streams(1)));
  expect(() =>
    optimiser.applyRows("table", tf.tensor1d([1], "int32"), tf.ones([1, width]), optimiser.scalars(1, 1)),
  ).toThrow(`tensor.optimiser: "table" cannot be moved row by row: ${reason}. Wanted adagrad without weight decay.`);
});
