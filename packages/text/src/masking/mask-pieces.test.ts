import { fileURLToPath } from "node:url";
import { streams } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { loadTokenizer, type MaskingOptions, maskPieces, type Tokenizer } from "../index.ts";

const tokenizer = await loadTokenizer(fileURLToPath(new URL("../../fixtures/word-piece.json", import.meta.url)));
const text = "a member of the genus canis that has been domesticated by man since prehistoric times, don't you think";
const encoding = tokenizer.encode(text, text);
const eligible = [...encoding.sequenceIds].filter((sequence) => sequence >= 0).length;
const runs = 4000;

function mask(run: number, options: Partial<MaskingOptions> = {}) {
  return maskPieces(encoding, { tokenizer, draw: streams(5).at("masking", 0, run), ...options });
}

/** Whether a count of hits lies within five standard deviations of a binomial's mean. */
function withinBounds(hits: number, trials: number, chance: number): boolean {
  return Math.abs(hits - trials * chance) <= 5 * Math.sqrt(trials * chance * (1 - chance));
}

describe.each([
  ["pieces", { unit: "piece" }],
  ["words", { unit: "word" }],
  ["entities", { unit: "entity", mentions: [{ start: 9, end: 28 }] }],
] as const)("choosing %s by coin", (_title, options) => {
  it("chooses 15 % and hides them 80/10/10", () => {
    const counts = { chosen: 0, masked: 0, kept: 0, replaced: 0 };
    for (let run = 0; run < runs; run++) {
      const { ids, positions, labels } = mask(run, options);
      counts.chosen += positions.length;
      for (const [i, position] of positions.entries()) {
        expect(labels[i]).toBe(encoding.ids[position]);
        if (ids[position] === tokenizer.special.mask) counts.masked++;
        else if (ids[position] === labels[i]) counts.kept++;
        else counts.replaced++;
      }
    }
    // Words are chosen whole: their pieces are not independent, so the count of words decides how sharp the bound is.
    const trials = options.unit === "piece" ? eligible : countWords();
    expect(withinBounds((counts.chosen / eligible) * trials, runs * trials, 0.15)).toBe(true);
    expect(withinBounds(counts.masked, counts.chosen, 0.8)).toBe(true);
    const same = 0.1 / (tokenizer.vocabularySize - tokenizer.specialIds.size);
    expect(withinBounds(counts.kept, counts.chosen, 0.1 + same)).toBe(true);
    expect(withinBounds(counts.replaced, counts.chosen, 0.1 - same)).toBe(true);
  });

  it("touches no special token, draws none, and changes nothing else", () => {
    for (let run = 0; run < 500; run++) {
      const { ids, positions } = mask(run, { ...options, rate: 0.6 });
      const chosen = new Set(positions);
      for (const [i, id] of ids.entries()) {
        if (!chosen.has(i)) expect(id).toBe(encoding.ids[i]);
        else {
          expect(encoding.sequenceIds[i]).not.toBe(-1);
          expect(id === tokenizer.special.mask || !tokenizer.specialIds.has(id)).toBe(true);
        }
      }
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
  });
});

function countWords(): number {
  return 2 * text.split(" ").length;
}

it("chooses words between white space whole", () => {
  for (let run = 0; run < 300; run++) {
    const chosen = new Set(mask(run, { unit: "word" }).positions);
    for (let i = 1; i < encoding.ids.length; i++) {
      const joined =
        encoding.sequenceIds[i] === encoding.sequenceIds[i - 1] && encoding.starts[i] === encoding.ends[i - 1];
      if (joined && (encoding.sequenceIds[i] as number) >= 0) expect(chosen.has(i)).toBe(chosen.has(i - 1));
    }
  }
});

it("chooses exactly the rounded share where asked", () => {
  for (let run = 0; run < 50; run++)
    expect(mask(run, { mode: "exact" }).positions).toHaveLength(Math.round(0.15 * eligible));
  const short = tokenizer.encode("dog");
  const draw = streams(5).at("masking");
  expect(maskPieces(short, { tokenizer, draw, mode: "exact" }).positions).toEqual([1]);
  expect(maskPieces(tokenizer.encode(""), { tokenizer, draw, mode: "exact" }).positions).toEqual([]);
});

it("fills the exact share with whole words, never above it", () => {
  for (let run = 0; run < 200; run++) {
    const count = mask(run, { mode: "exact", unit: "word" }).positions.length;
    expect(count).toBeLessThanOrEqual(Math.round(0.15 * eligible));
    expect(count).toBeGreaterThan(0);
  }
});

it("never chooses pieces that are not from the text, nor special tokens that stand in it", () => {
  const inText = tokenizer.encode("dog [MASK] [SEP] dog");
  const foreign = { ...inText, sequenceIds: inText.sequenceIds.map((sequence, i) => (i === 1 ? -1 : sequence)) };
  for (let run = 0; run < 100; run++) {
    const { positions } = maskPieces(foreign, { tokenizer, draw: streams(run).at("masking"), rate: 1 });
    expect(positions).toEqual([4]);
  }
});

it("gives the same for the same stream, and leaves the encoding as it was", () => {
  const before = encoding.ids.slice();
  expect(mask(3)).toEqual(mask(3));
  expect(mask(3)).not.toEqual(mask(4));
  expect(encoding.ids).toEqual(before);
});

it("says that a tokenizer without mask token cannot mask", () => {
  const without: Tokenizer = { ...bare(), special: { ...tokenizer.special, mask: undefined } };
  expect(() => maskPieces(encoding, { tokenizer: without, draw: streams(1).at("masking") })).toThrow(
    "text.maskPieces: the tokenizer has no mask token. Wanted [MASK] or <mask> in its vocabulary.",
  );
});

function bare(): Tokenizer {
  const { vocabularySize, special, specialIds } = tokenizer;
  return {
    vocabularySize,
    special,
    specialIds,
    encode: (first, pair, options) => tokenizer.encode(first, pair, options),
    windows: (first, pair, options) => tokenizer.windows(first, pair, options),
    piece: (id) => tokenizer.piece(id),
    id: (piece) => tokenizer.id(piece),
  };
}
