import { type Draw, streams } from "@kgraft/runtime";
import type { Encoding } from "@kgraft/text";
import { describe, expect, it } from "vitest";
import { bucketOf } from "../padded-list.ts";
import { candidatesOf } from "./candidates.ts";
import { arrays, collateAlignments } from "./collate.ts";
import { corruptAlignments } from "./corruption.ts";

const rates = { replaceRate: 0.05, hideRate: 0.15 };

/** A draw that gives these numbers in turn. */
function scripted(uniforms: readonly number[], integers: readonly number[] = []): Draw {
  const [u, i] = [uniforms.values(), integers.values()];
  return { ...streams(1).at("unused"), uniform: () => u.next().value ?? 1, integer: () => i.next().value ?? 0 };
}

describe("corruptAlignments", () => {
  // Official pre-training: entity row [-1, 7, -1, 4], u = 0.10 at position 1 and 0.50 at position 3.
  it("computes the worked example of the official code", () => {
    const denoising = corruptAlignments(Int32Array.of(0, 7, 0, 4), rates, scripted([0.1, 0.5]));
    expect(denoising.candidates.rows).toEqual([0, 4, 7]);
    expect(denoising.positions).toEqual([1, 3]);
    expect(denoising.labels).toEqual([2, 1]);
    expect([...denoising.inputs]).toEqual([0, 0, 0, 4]);
  });

  it("replaces by an entity of the batch, perhaps the same, never by none", () => {
    expect([...corruptAlignments(Int32Array.of(0, 7, 4), rates, scripted([0.01, 0.9], [0])).inputs]).toEqual([0, 4, 4]);
    expect([...corruptAlignments(Int32Array.of(0, 7, 4), rates, scripted([0.01, 0.9], [1])).inputs]).toEqual([0, 7, 4]);
  });

  it("draws from given candidates, and asks for their alignments alone", () => {
    const given = candidatesOf([9, 4]);
    const denoising = corruptAlignments(Int32Array.of(0, 7, 4), rates, scripted([0.01, 0.9], [1]), given);
    expect([...denoising.inputs]).toEqual([0, 9, 4]);
    expect([denoising.positions, denoising.labels]).toEqual([[2], [1]]);
    expect(denoising.candidates.rows).toEqual([0, 4, 9]);
  });

  it("keeps labels and candidates whatever is drawn", () => {
    const aligned = Int32Array.from({ length: 64 }, (_, i) => (i % 3 === 0 ? 0 : (i % 7) + 1));
    const [one, other] = [1, 2].map((seed) => corruptAlignments(aligned, rates, streams(seed).at("corruption")));
    expect(one?.inputs).not.toEqual(other?.inputs);
    expect({ ...one, inputs: 0 }).toEqual({ ...other, inputs: 0 });
  });

  it("corrupts at the rates asked for", () => {
    const aligned = new Int32Array(40_000).map((_, i) => (i % 1000) + 1);
    const { inputs } = corruptAlignments(aligned, rates, streams(3).at("corruption"));
    const share = (test: (row: number, i: number) => boolean) => inputs.filter(test).length / inputs.length;
    // Three standard deviations of a share: 3 sqrt(p (1 - p) / 40,000).
    expect(Math.abs(share((row) => row === 0) - 0.15)).toBeLessThan(0.0054);
    expect(Math.abs(share((row, i) => row !== 0 && row !== aligned[i]) - 0.05 * 0.999)).toBeLessThan(0.0033);
  });
});

describe("collateAlignments", () => {
  const example = (...rows: number[]) => ({ encoding: {} as Encoding, knowledge: Int32Array.from(rows) });
  const options = { ...rates, clsEntity: true };
  const batch = [example(0, 7, 0, 4), example(0, 4)];
  const shape = { rows: 2, length: 5 };

  it("pads rows and lets position 0 take part", () => {
    const made = collateAlignments(batch, shape, options, undefined);
    expect([...(made[arrays.entityIds]?.data ?? [])]).toEqual([0, 7, 0, 4, 0, 0, 4, 0, 0, 0]);
    expect([...(made[arrays.entityMask]?.data ?? [])]).toEqual([1, 1, 0, 1, 0, 1, 1, 0, 0, 0]);
    expect(Object.keys(made)).toEqual([arrays.entityIds, arrays.entityMask]);
  });

  it("leaves position 0 out where that is asked for", () => {
    const made = collateAlignments(batch, shape, { ...options, clsEntity: false }, undefined);
    expect([...(made[arrays.entityMask]?.data ?? [])]).toEqual([0, 1, 0, 1, 0, 0, 1, 0, 0, 0]);
  });

  it("adds candidates and labels in pre-training, hides what was hidden", () => {
    const made = collateAlignments(batch, shape, options, scripted([0.1, 0.5, 0.5]));
    const start = (name: string, count: number) => [...(made[name]?.data ?? [])].slice(0, count);
    expect([...(made[arrays.entityIds]?.data ?? [])]).toEqual([0, 0, 0, 4, 0, 0, 4, 0, 0, 0]);
    expect([...(made[arrays.entityMask]?.data ?? [])]).toEqual([1, 0, 0, 1, 0, 1, 1, 0, 0, 0]);
    expect(start(arrays.candidates, 4)).toEqual([0, 4, 7, 0]);
    expect(start(arrays.candidateMask, 4)).toEqual([1, 1, 1, 0]);
    expect(start(arrays.alignedPositions, 4)).toEqual([1, 3, 6, 0]);
    expect(start(arrays.alignedLabels, 4)).toEqual([2, 1, 1, 0]);
    expect(start(arrays.alignedWeights, 4)).toEqual([1, 1, 1, 0]);
  });

  it("lists no candidates where they are the whole table", () => {
    const whole = { ...candidatesOf([1, 2, 3, 4, 5, 6, 7]), whole: true };
    const made = collateAlignments(batch, shape, options, scripted([0.1, 0.5, 0.5]), whole);
    expect(Object.keys(made)).not.toContain(arrays.candidates);
    expect([...(made[arrays.alignedLabels]?.data ?? [])].slice(0, 4)).toEqual([7, 4, 4, 0]);
  });

  it("has few shapes: powers of two from 16", () => {
    expect([0, 1, 16, 17, 100].map(bucketOf)).toEqual([16, 16, 16, 32, 128]);
    const made = collateAlignments([example(0, 0)], { rows: 1, length: 2 }, options, streams(1).at("corruption"));
    for (const name of [arrays.candidates, arrays.alignedPositions]) expect(made[name]?.shape).toEqual([16]);
  });
});
