import { streams } from "@kgraft/runtime";
import { expect, test } from "vitest";
import { SparseTable } from "./sparse-table.ts";

test("sparse steps with doubled rows are dense Adagrad on summed gradients; other rows keep their bits", () => {
  const [rows, width, rate] = [600, 3, 0.2];
  const draw = streams(5).at("sparse");
  const table = new SparseTable(rows, width);
  draw.fillNormal(table.values, 1);
  const start = table.values.slice();
  const dense = Float64Array.from(table.values);
  const squares = new Float64Array(rows * width);
  const touched = new Set<number>();
  for (let step = 0; step < 4; step++) {
    const sums = new Float64Array(rows * width);
    for (let block = 0; block < 2; block++) {
      const numbers = Int32Array.from({ length: 350 }, () => draw.integer(rows / 2));
      const gradients = draw.fillNormal(new Float32Array(numbers.length * width), 1);
      table.addGradients(numbers, gradients);
      for (const [i, row] of numbers.entries()) {
        touched.add(row);
        for (let j = 0; j < width; j++)
          sums[row * width + j] = (sums[row * width + j] as number) + (gradients[i * width + j] as number);
      }
    }
    table.step(rate);
    for (const [i, gradient] of sums.entries()) {
      squares[i] = (squares[i] as number) + gradient ** 2;
      if (gradient !== 0) dense[i] = (dense[i] as number) - (rate * gradient) / Math.sqrt(squares[i] as number);
    }
  }
  for (const [i, value] of table.values.entries()) expect(value).toBeCloseTo(dense[i] as number, 4);
  const untouched = Array.from({ length: rows }, (_, row) => row).filter((row) => !touched.has(row));
  expect(untouched.length).toBeGreaterThanOrEqual(rows / 2);
  for (const row of untouched)
    expect(table.values.subarray(row * width, (row + 1) * width)).toEqual(
      start.subarray(row * width, (row + 1) * width),
    );
});

test("two unit gradients of one row make one step of two", () => {
  const table = new SparseTable(1, 1);
  table.addGradients(Int32Array.of(0, 0), Float32Array.of(1, 1));
  table.step(0.1);
  expect(table.values[0]).toBeCloseTo(-0.1, 6);
  expect(table.accumulators[0]).toBe(4);
});
