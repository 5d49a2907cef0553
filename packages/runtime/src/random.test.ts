import { describe, expect, it } from "vitest";
import { philox, streams } from "./index.ts";

describe("philox", () => {
  /** The known answers of Random123 for philox4x32 with 10 rounds: counter, key, result. */
  const known: [counter: number[], key: number[], result: number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, result] of known)
    it(`gives ${result.map((word) => word.toString(16)).join(" ")}`, () => {
      const out = new Uint32Array(4);
      philox(counter, key, out);
      expect([...out]).toEqual(result);
    });
});

function take(count: number, draw: { bits(): number }): number[] {
  return Array.from({ length: count }, () => draw.bits());
}

function tally(counts: Int32Array, cell: number): void {
  counts[cell] = (counts[cell] as number) + 1;
}

/** Pearson's statistic of counts that should be equal. */
function chiSquare(counts: Int32Array): number {
  const expected = counts.reduce((sum, count) => sum + count) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("streams", () => {
  it("give the same for the same seed, name and indices, and another for any other", () => {
    const first = take(9, streams(7).at("masking", 3));
    expect(take(9, streams(7).at("masking", 3))).toEqual(first);
    const others = [
      streams(8).at("masking", 3),
      streams(-7).at("masking", 3),
      streams(7 + 2 ** 32).at("masking", 3),
      streams(7).at("maskinh", 3),
      streams(7).at("gniksam", 3),
      streams(7).at("masking"),
      streams(7).at("masking", 4),
      streams(7).at("masking", 3 + 2 ** 32),
      streams(7).at("masking", 3, 0),
      streams(7).at("masking", 0, 3),
    ].map((draw) => take(9, draw).join());
    expect(new Set([first.join(), ...others]).size).toBe(11);
  });

  it("do not depend on what other streams drew", () => {
    const alone = take(5, streams(1).at("a"));
    const all = streams(1);
    const a = all.at("a");
    const b = all.at("b");
    const mixed = alone.map(() => {
      b.bits();
      return a.bits();
    });
    expect(mixed).toEqual(alone);
  });

  it("never meet: a million draws of a thousand streams repeat no block of four", () => {
    const seen = new Set<string>();
    for (let index = 0; index < 1000; index++) {
      const draw = streams(5).at("independence", index);
      for (let block = 0; block < 25; block++) seen.add(take(4, draw).join());
    }
    expect(seen.size).toBe(25_000);
  });

  it("are uniform, within a stream and across the first draws of streams", () => {
    const within = new Int32Array(256);
    const across = new Int32Array(256);
    const draw = streams(11).at("uniform");
    for (let i = 0; i < 256_000; i++) tally(within, Math.floor(draw.uniform() * 256));
    for (let i = 0; i < 64_000; i++) tally(across, Math.floor(streams(11).at("uniform", i).uniform() * 256));
    // 255 degrees of freedom: the statistic passes 347 once in 10,000 times.
    expect(chiSquare(within)).toBeLessThan(347);
    expect(chiSquare(across)).toBeLessThan(347);
  });

  it("are independent: neighbouring streams, names and seeds fill the square evenly", () => {
    const pairs = [
      [streams(1).at("x", 0), streams(1).at("x", 1)],
      [streams(1).at("x"), streams(1).at("y")],
      [streams(1).at("x"), streams(2).at("x")],
    ] as const;
    for (const [a, b] of pairs) {
      const cells = new Int32Array(256);
      for (let i = 0; i < 128_000; i++) tally(cells, 16 * Math.floor(a.uniform() * 16) + Math.floor(b.uniform() * 16));
      expect(chiSquare(cells)).toBeLessThan(347);
    }
  });

  it("give integers below the limit, each equally often, and refuse other limits", () => {
    const draw = streams(3).at("integer");
    const counts = new Int32Array(7);
    for (let i = 0; i < 70_000; i++) tally(counts, draw.integer(7));
    expect(chiSquare(counts)).toBeLessThan(27.9);
    expect(draw.integer(1)).toBe(0);
    expect(draw.integer(2 ** 32)).toBeLessThan(2 ** 32);
    for (const limit of [0, -1, 2 ** 33, Number.NaN])
      expect(() => draw.integer(limit)).toThrow(
        `runtime.random: integer(${limit}) has no number to give. Wanted a limit from 1 to 2^32.`,
      );
  });

  it("give normal numbers: mean 0, deviation 1, tails as they should be", () => {
    const values = streams(9).at("normal").fillNormal(new Float32Array(200_000), 1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const beyond = values.filter((value) => Math.abs(value) > 1.96).length / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(beyond - 0.05)).toBeLessThan(0.003);
    const wide = streams(9).at("normal").fillNormal(new Float32Array(3), 2);
    expect([...wide]).toEqual([...values.subarray(0, 3)].map((value) => Math.fround(2 * value)));
  });

  it("give permutations, every one of three about equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = [...streams(2).at("permutation", i).permutation(3)].join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
    // 5 degrees of freedom, once in 10,000.
    expect(chiSquare(Int32Array.from(counts.values()))).toBeLessThan(25.7);
    expect(streams(2).at("permutation").permutation(0)).toEqual(new Int32Array(0));
  });

  it("give cycles: through all from any one, so that none is itself", () => {
    for (const length of [0, 1, 2, 3, 10, 50]) {
      const others = streams(2).at("cycle", length).cycle(length);
      const passed: number[] = [];
      for (let at = 0; passed.length < length; at = others[at] as number) passed.push(at);
      expect(passed.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    }
  });
});
