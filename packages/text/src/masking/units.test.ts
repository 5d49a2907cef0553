import { fileURLToPath } from "node:url";
import { streams } from "@kgraft/runtime";
import { expect, it } from "vitest";
import { loadTokenizer, maskPieces } from "../index.ts";
import { spanLength } from "./choose.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}.json`, import.meta.url));
const tokenizer = await loadTokenizer(fixture("word-piece"));
const text = "the genus canis lupus familiaris was domesticated by prehistoric man, wasn't it";
const encoding = tokenizer.encode(text, text);
const draw = (run: number) => streams(5).at("units", run);

/** Words between white space, as ranges of pieces. */
const words = (() => {
  const found: number[][] = [];
  for (let i = 0; i < encoding.ids.length; i++) {
    if ((encoding.sequenceIds[i] as number) < 0) continue;
    const open = found.at(-1);
    const joined =
      encoding.starts[i] === encoding.ends[i - 1] && encoding.sequenceIds[i] === encoding.sequenceIds[i - 1];
    if (open && joined) open.push(i);
    else found.push([i]);
  }
  return found;
})();

it("draws lengths of spans from a geometric distribution that is cut at ten words", () => {
  const stream = draw(0);
  const trials = 50_000;
  const counts = new Array<number>(11).fill(0);
  for (let i = 0; i < trials; i++) {
    const length = spanLength(stream);
    counts[length] = (counts[length] as number) + 1;
  }
  const within = 1 - 0.8 ** 10;
  for (let length = 1; length <= 10; length++) {
    const chance = (0.2 * 0.8 ** (length - 1)) / within;
    const bound = 5 * Math.sqrt(trials * chance * (1 - chance));
    expect(Math.abs((counts[length] as number) - trials * chance)).toBeLessThan(bound);
  }
  expect(counts[0]).toBe(0);
});

it("covers the share, rounded up, by spans that begin and, but for one, end with words", () => {
  const pieces = words.flat().length;
  const starts = new Set(words.map(([first]) => first));
  const ends = new Set(words.map((word) => (word.at(-1) as number) + 1));
  for (let run = 0; run < 500; run++) {
    const { positions, units } = maskPieces(encoding, { tokenizer, draw: draw(run), unit: "span" });
    expect(positions).toHaveLength(Math.ceil(0.15 * pieces));
    expect(units.flatMap(({ first, last }) => Array.from({ length: last - first }, (_, i) => first + i))).toEqual(
      positions,
    );
    for (const { first } of units) expect(starts.has(first)).toBe(true);
    expect(units.filter(({ last }) => !ends.has(last)).length).toBeLessThanOrEqual(1);
    for (let i = 1; i < units.length; i++) expect(units[i]?.first).toBeGreaterThan(units[i - 1]?.last as number);
    for (const { first, last } of units)
      expect(new Set(encoding.sequenceIds.subarray(first, last)).size, "no span crosses a special token").toBe(1);
  }
});

it("masks, replaces or keeps a span as one, 80/10/10 of the spans", () => {
  const kinds = { masked: 0, kept: 0, replaced: 0 };
  for (let run = 0; run < 4000; run++) {
    const { ids, units } = maskPieces(encoding, { tokenizer, draw: draw(run), unit: "span" });
    for (const { first, last } of units) {
      const shown = ids.subarray(first, last);
      const masked = shown.filter((id) => id === tokenizer.special.mask).length;
      expect([0, last - first]).toContain(masked);
      const kept = shown.every((id, i) => id === encoding.ids[first + i]);
      kinds[masked > 0 ? "masked" : kept ? "kept" : "replaced"]++;
    }
  }
  const all = kinds.masked + kinds.kept + kinds.replaced;
  for (const [kind, chance] of [
    ["masked", 0.8],
    ["kept", 0.1],
    ["replaced", 0.1],
  ] as const)
    expect(Math.abs(kinds[kind] - all * chance)).toBeLessThan(5 * Math.sqrt(all * chance * (1 - chance)));
});

it("chooses mentions whole, words beside them, and knows of a mention that was cut off", () => {
  const start = text.indexOf("canis");
  const mention = { start, end: start + "canis lupus familiaris".length };
  const inside = [...encoding.ids.keys()].filter(
    (i) =>
      encoding.sequenceIds[i] === 0 &&
      (encoding.starts[i] as number) >= mention.start &&
      (encoding.ends[i] as number) <= mention.end,
  );
  const options = { tokenizer, unit: "entity", mentions: [mention, { start: 500, end: 510 }] } as const;
  let together = 0;
  for (let run = 0; run < 500; run++) {
    const chosen = new Set(maskPieces(encoding, { ...options, draw: draw(run) }).positions);
    const hits = inside.filter((i) => chosen.has(i)).length;
    expect([0, inside.length]).toContain(hits);
    if (hits > 0) together++;
    for (const word of words) {
      if (word.some((i) => inside.includes(i))) continue;
      expect([0, word.length]).toContain(word.filter((i) => chosen.has(i)).length);
    }
  }
  expect(together).toBeGreaterThan(40);
  expect(together).toBeLessThan(110);
});

it("knows words of byte-level pieces, whether offsets cover the space or not", async () => {
  const bytePair = await loadTokenizer(fixture("byte-pair"));
  const plain = bytePair.encode(text);
  const covering = {
    ...plain,
    starts: plain.starts.map((start, i) => (plain.tokens[i]?.startsWith("Ġ") ? start - 1 : start)),
  };
  const unitsOf = (of: typeof plain) =>
    maskPieces(of, { tokenizer: bytePair, draw: draw(1), unit: "word", rate: 1 }).units;
  expect(unitsOf(plain)).toHaveLength(text.split(" ").length);
  expect(unitsOf(covering)).toEqual(unitsOf(plain));
});
