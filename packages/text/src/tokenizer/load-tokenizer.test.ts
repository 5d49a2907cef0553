import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { loadTokenizer } from "../index.ts";

type Json = Record<string, unknown>;
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}.json`, import.meta.url));

/** Writes a changed fixture into a folder of its own. */
async function writeTokenizer(change: (file: Json) => unknown, from = "word-piece", config?: Json): Promise<string> {
  const folder = await temporaryFolder();
  const file = JSON.parse(await readFile(fixture(from), "utf8")) as Json;
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(change(file)));
  if (config) await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  return folder;
}

it("knows its vocabulary and special tokens", async () => {
  const tokenizer = await loadTokenizer(fixture("word-piece"));
  expect(tokenizer.vocabularySize).toBe(3000);
  expect(tokenizer.special).toEqual({ pad: 0, unknown: 1, start: 2, end: 3, mask: 4 });
  expect(tokenizer.specialIds).toEqual(new Set([0, 1, 2, 3, 4]));
  const file = JSON.parse(await readFile(fixture("word-piece"), "utf8")) as {
    model: { vocab: Record<string, number> };
  };
  for (const [piece, id] of Object.entries(file.model.vocab)) {
    expect(tokenizer.piece(id)).toBe(piece);
    expect(tokenizer.id(piece)).toBe(id);
  }
  expect(tokenizer.piece(3000)).toBeUndefined();
  expect(tokenizer.id("no such piece")).toBeUndefined();
});

it("reads RoBERTa's special tokens", async () => {
  const tokenizer = await loadTokenizer(fixture("byte-pair"));
  expect(tokenizer.special).toEqual({ start: 0, pad: 1, end: 2, unknown: 3, mask: 4 });
});

it("takes the names of special tokens from tokenizer_config.json beside it", async () => {
  const folder = await writeTokenizer((file) => file, "word-piece", { mask_token: { content: "[UNK]" } });
  expect((await loadTokenizer(folder)).special.mask).toBe(1);
});

it("leaves truncation and padding of the file aside", async () => {
  const file = JSON.parse(await readFile(fixture("word-piece"), "utf8")) as Json;
  expect(file).toMatchObject({ truncation: { max_length: 16 }, padding: { strategy: { Fixed: 16 } } });
  const tokenizer = await loadTokenizer(fixture("word-piece"));
  expect(tokenizer.encode("one two").ids.length).toBeLessThan(16);
  expect(tokenizer.encode("one ".repeat(50)).ids.length).toBe(52);
});

const broken: readonly (readonly [title: string, from: string, change: (file: Json) => unknown, message: RegExp])[] = [
  [
    "an unsupported model",
    "word-piece",
    (file) => ({ ...file, model: { type: "WordLevel" } }),
    /tokenizer\.json: model: the type "WordLevel" is not supported\. Supported: WordPiece, BPE, Unigram\./,
  ],
  [
    "an unsupported normalizer",
    "word-piece",
    (file) => ({ ...file, normalizer: { type: "BertNormaliser" } }),
    /normalizer: the type "BertNormaliser" is not supported\. Supported: BertNormalizer, .*\. Did you mean "BertNormalizer"\?/,
  ],
  [
    "an unsupported pre-tokenizer",
    "word-piece",
    (file) => ({ ...file, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits" }] } }),
    /pre_tokenizer\.pretokenizers\[0\]: the type "Digits" is not supported\. Supported: BertPreTokenizer, ByteLevel, /,
  ],
  [
    "a charsmap that is cut short",
    "word-piece",
    (file) => ({ ...file, normalizer: { type: "Precompiled", precompiled_charsmap: "AAEAAAAA" } }),
    /normalizer: the charsmap is cut short/,
  ],
  [
    "a Unigram vocabulary without scores",
    "word-piece",
    (file) => ({ ...file, model: { type: "Unigram", vocab: { a: 1 }, unk_id: 0 } }),
    /model: vocab: wanted an array of \[piece, log probability\]/,
  ],
  [
    "an unknown token outside a Unigram vocabulary",
    "word-piece",
    (file) => ({ ...file, model: { type: "Unigram", vocab: [["a", 0]], unk_id: 7 } }),
    /model: unk_id is 7, and the vocabulary has 1 pieces/,
  ],
  [
    "a post-processor without type",
    "word-piece",
    (file) => ({ ...file, post_processor: {} }),
    /post_processor: the type "undefined" is not supported/,
  ],
  ["no model", "word-piece", (file) => ({ ...file, model: null }), /tokenizer\.json: has no model\. Wanted/],
  ["a list", "word-piece", () => [], /tokenizer\.json: Invalid input: expected object, received array/],
  [
    "a broken vocabulary",
    "word-piece",
    (file) => ({ ...file, model: { ...(file.model as Json), vocab: { "[UNK]": -1 } } }),
    /model: vocab: wanted an object of pieces with their ids \(whole numbers\)/,
  ],
  [
    "an unknown token outside the vocabulary",
    "word-piece",
    (file) => ({ ...file, model: { ...(file.model as Json), unk_token: "<oov>" } }),
    /model\.unk_token: the unknown token "<oov>" is not in the vocabulary\. Wanted one of its pieces\./,
  ],
  [
    "a template with an undefined token",
    "word-piece",
    (file) => ({ ...file, post_processor: { ...(file.post_processor as Json), special_tokens: {} } }),
    /post_processor: the template uses the special token "\[CLS\]", not defined in it\./,
  ],
  [
    "merges outside the vocabulary",
    "byte-pair",
    (file) => ({ ...file, model: { ...(file.model as Json), merges: ["q! x"] } }),
    /model: merge 0 \(\["q!","x"\]\) is not made of pieces of the vocabulary\./,
  ],
  [
    "BPE dropout",
    "byte-pair",
    (file) => ({ ...file, model: { ...(file.model as Json), dropout: 0.1 } }),
    /model: dropout: Invalid option: expected one of 0\|null/,
  ],
];

it.each(broken)("refuses %s", async (_title, from, change, message) => {
  const folder = await writeTokenizer(change, from);
  await expect(loadTokenizer(folder)).rejects.toThrow(message);
  await expect(loadTokenizer(folder)).rejects.toMatchObject({ exitCode: 2 });
});

it("names a missing file", async () => {
  const folder = await temporaryFolder();
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `${join(folder, "tokenizer.json")}: no such file. Wanted a tokenizer.json as the Hugging Face libraries write it, or`,
  );
});

it("names a file that is not JSON", async () => {
  const path = join(await temporaryFolder(), "tokenizer.json");
  await writeFile(path, "{");
  const message = await loadTokenizer(path).catch((error: Error) => error.message);
  expect(message).toContain(`${path}: is not JSON: `);
  expect(message).toContain("Wanted a file as the Hugging Face libraries write it. Fetch it again:");
});

it("refuses a do_lower_case that contradicts the normalizer", async () => {
  const folder = await writeTokenizer((file) => file, "word-piece", { do_lower_case: false });
  await expect(loadTokenizer(folder)).rejects.toThrow(
    /normalizer\.lowercase: is true, and do_lower_case in tokenizer_config\.json beside it is false\. Find out/,
  );
});

it("names a broken tokenizer_config.json", async () => {
  const folder = await writeTokenizer((file) => file, "word-piece", { do_lower_case: "no" });
  await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer_config\.json: do_lower_case: Invalid input/);
});

it("refuses a length that the special tokens alone exceed", async () => {
  const tokenizer = await loadTokenizer(fixture("word-piece"));
  expect(() => tokenizer.encode("a", "b", { maxLength: 2 })).toThrow(
    "text.encode: maxLength is 2, and the special tokens alone take 3. Wanted at least 3.",
  );
  expect(tokenizer.encode("a", "b", { maxLength: 3 }).tokens).toEqual(["[CLS]", "[SEP]", "[SEP]"]);
});
