import { fileURLToPath } from "node:url";
import { streams } from "@kgraft/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CorpusDocument,
  loadTokenizer,
  maskPieces,
  type SentencePairOptions,
  sentencePairs,
  translationLayout,
} from "../index.ts";

/** A document whose sentences name it and count up; each word is a piece. */
function documentOf(name: string, lengths: readonly number[]): CorpusDocument {
  const lines = lengths.map((length, i) => Array.from({ length }, (_, word) => `${name}${i}.${word}`).join(" "));
  let start = 0;
  const sentences = lines.map((line) => {
    const span = { start, end: start + line.length };
    start = span.end + 1;
    return span;
  });
  const text = lines.join("\n");
  const mentions = sentences.map(({ start: from }) => ({ start: from, end: from + name.length + 1, entity: name }));
  return { at: `${name}:1`, example: { id: name, text, mentions }, sentences };
}

const others = Array.from({ length: 50 }, (_, i) => documentOf(`o${i}x`, [3, 4, 5, 2, 6]));
const other: SentencePairOptions["other"] = (draw) => others[draw.integer(others.length)] as CorpusDocument;
const pieces = (sentence: string) => sentence.split(/\s/).length;

function pairsOf(document: CorpusDocument, options: Partial<SentencePairOptions>, run = 0) {
  const draw = streams(2).at("pairs", 0, run);
  return sentencePairs(document, { kind: "next", maxPieces: 20, pieces, draw, other, ...options });
}

/** Numbers of a segment's sentences, with the document's name. */
const read = (segment = "") =>
  segment.split("\n").map((line) => /^(\D+\d*x|d)(\d+)\./.exec(line)?.slice(1, 3) as [string, string]);

describe.each(["next", "order", "next-previous-random"] as const)("pairs of kind %s", (kind) => {
  it("are whole neighbouring sentences of one document, or of another, as the label says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 }),
        fc.nat(),
        async (lengths, run) => {
          const document = documentOf("d", lengths);
          let reached = 0;
          for (const { example, label } of await pairsOf(document, { kind }, run)) {
            const [a, b] = [read(example.text), read(example.pair)];
            for (const segment of [a, b])
              for (let i = 1; i < segment.length; i++)
                expect(segment[i]).toEqual([segment[0]?.[0], String(Number(segment[0]?.[1]) + i)]);
            const random = label === (kind === "next" ? 1 : kind === "order" ? -1 : 2);
            expect(b[0]?.[0] === "d").toBe(!random);
            const [first, second] = !random && label === 1 ? [b, a] : [a, b];
            if (!random) expect(Number(second[0]?.[1])).toBe(Number(first.at(-1)?.[1]) + 1);
            // Sentences come in order, and what a random pair did not use goes into the next one.
            expect(Number(first[0]?.[1])).toBeGreaterThanOrEqual(reached);
            if (kind === "next") expect(Number(first[0]?.[1])).toBe(reached);
            reached = Number((random ? first : second).at(-1)?.[1]) + 1;
            expect(example.mentions).toHaveLength(a.length);
            for (const { start, end } of example.mentions ?? [])
              expect(example.text.slice(start, end)).toMatch(/^d\d$/);
          }
          if (kind === "next") expect(reached).toBe(lengths.length);
        },
      ),
      { seed: 3, numRuns: 150 },
    );
  });

  it("are balanced, and mostly as long as asked for", async () => {
    const counts = [0, 0, 0];
    let [short, all] = [0, 0];
    for (let run = 0; run < 300; run++)
      for (const { example, label } of await pairsOf(documentOf("d", new Array(40).fill(3)), { kind }, run)) {
        counts[label] = (counts[label] as number) + 1;
        all++;
        if (pieces(example.text) + pieces(example.pair ?? "") < 18) short++;
      }
    const classes = kind === "next-previous-random" ? 3 : 2;
    for (const count of counts.slice(0, classes)) {
      // A random pair gives sentences back, so that the classes are drawn for pairs, not for sentences.
      expect(Math.abs(count - all / classes)).toBeLessThan(5 * Math.sqrt((all * (classes - 1)) / classes ** 2));
    }
    expect(short / all).toBeGreaterThan(0.05);
    expect(short / all).toBeLessThan(0.35);
  });

  it("are the same for the same stream", async () => {
    const document = documentOf("d", [3, 4, 5, 6, 7, 2, 3, 9]);
    expect(await pairsOf(document, { kind }, 4)).toEqual(await pairsOf(document, { kind }, 4));
  });
});

it("a single sentence has a random partner, but no order", async () => {
  const document = documentOf("d", [5]);
  for (let run = 0; run < 20; run++) {
    expect((await pairsOf(document, {}, run)).map(({ label }) => label)).toEqual([1]);
    expect(await pairsOf(document, { kind: "order" }, run)).toEqual([]);
  }
});

describe("a text and its translation", () => {
  const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}.json`, import.meta.url));

  it("count positions anew in the second half: [CLS] A [SEP] | B [SEP]", async () => {
    const tokenizer = await loadTokenizer(fixture("word-piece"));
    const encoding = tokenizer.encode("the dog", "man");
    const { positionIds, languages } = translationLayout(encoding, 0);
    expect([...positionIds]).toEqual([0, 1, 2, 3, 0, 1]);
    expect([...languages]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...translationLayout(tokenizer.encode("the dog"), 0).positionIds]).toEqual([0, 1, 2, 3]);
    const masked = maskPieces(encoding, { tokenizer, draw: streams(1).at("tlm"), rate: 1 });
    expect(masked.positions).toEqual([1, 2, 4]); // of both halves, no special token
  });

  it("count from the family's first position: <s> A </s> | </s> B </s>", async () => {
    const tokenizer = await loadTokenizer(fixture("byte-pair"));
    const encoding = tokenizer.encode("a", "a");
    expect([...translationLayout(encoding, 2).positionIds]).toEqual([2, 3, 4, 2, 3, 4]);
    expect([...translationLayout(encoding, 2).languages]).toEqual([0, 0, 0, 1, 1, 1]);
  });
});
