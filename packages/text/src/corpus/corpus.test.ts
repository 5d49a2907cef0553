import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Progress } from "@kgraft/runtime";
import { silent, streams } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import {
  type CorpusDocument,
  type CorpusOptions,
  type CorpusPosition,
  openCorpus,
  permutedOrder,
  readCorpus,
  sentenceSpans,
} from "../index.ts";
import { SampledPositions } from "./sampled-positions.ts";

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, name.endsWith(".gz") ? gzipSync(content) : content);
  return path;
}

async function read(paths: readonly string[], options?: CorpusOptions, from?: CorpusPosition) {
  const records: { document: CorpusDocument; next: CorpusPosition }[] = [];
  for await (const record of readCorpus(paths, options, from)) records.push(record);
  return records;
}

const textsOf = (records: readonly { readonly document: CorpusDocument }[]) =>
  records.map(({ document: { example } }) => example.text);

const plain = "\ufeffOne line.\nTwo  lines. \r\n\n \nÜber 😀 all.\n\nLast.";

describe("reading a corpus", () => {
  it.each(["a.txt", "a.txt.gz"])("ends documents at blank lines, sentences at lines: %s", async (name) => {
    const path = await fileOf(name, plain);
    const documents = (await read([path])).map(({ document }) => document);
    expect(documents.map(({ at }) => at)).toEqual([1, 5, 7].map((line) => `${path}:${line}`));
    expect(documents.map(({ example }) => example.text)).toEqual(["One line.\nTwo  lines. ", "Über 😀 all.", "Last."]);
    const [{ example, sentences }] = documents as [CorpusDocument];
    expect(sentences.map(({ start, end }) => example.text.slice(start, end))).toEqual(["One line.", "Two  lines."]);
  });

  it("makes each line a document where told so", async () => {
    const path = await fileOf("a.txt", plain);
    expect(textsOf(await read([path], { documentEnd: "line" }))).toHaveLength(4);
  });

  it("reads JSON Lines with ids and mentions, other keys passed over", async () => {
    const lines = [
      '{"text": "😀 Marie Curie. She died.", "id": 7, "mentions": [{"start": 2, "end": 13, "entity": "Q7186"}]}',
      "",
      '{"text": "b", "url": "x", "id": "two"}',
      '{"text": ""}',
    ];
    const path = await fileOf("a.jsonl.gz", lines.join("\n"));
    const error = await read([path]).catch((cause: Error) => cause.message);
    expect(error).toContain(`${path}:1: id is 7. Wanted`);
    const good = await fileOf("b.jsonl", lines.join("\n").replace('"id": 7, ', ""));
    const records = await read([good], { sentenceEnd: "unicode" });
    expect(records.map(({ document }) => [document.example.id, document.sentences.length])).toEqual([
      [`${good}:1`, 2],
      ["two", 1],
      [`${good}:4`, 0],
    ]);
    expect(records[0]?.document.example.mentions).toEqual([{ start: 3, end: 14, entity: "Q7186" }]);
  });

  it("goes on from any position, over several files, to the same documents", async () => {
    const paths = [
      await fileOf("a.txt", plain),
      await fileOf("b.txt", "\n\n"),
      await fileOf("c.jsonl.gz", '{"text": "x"}\n{"text": "y"}\n'),
      await fileOf("d.txt", "Without newline"),
    ];
    const all = await read(paths);
    expect(textsOf(all)).toEqual(["One line.\nTwo  lines. ", "Über 😀 all.", "Last.", "x", "y", "Without newline"]);
    for (const [i, { next }] of all.entries()) {
      expect(next.document).toBe(i + 1);
      expect(await read(paths, {}, next)).toEqual(all.slice(i + 1));
    }
  });

  it("joins lines and characters that chunks cut apart", async () => {
    const long = `${"ü😀".repeat(70_000)}\n`;
    const path = await fileOf("long.txt", `${long}\n${long}second\n\nlast`);
    expect(textsOf(await read([path]))).toEqual([long.slice(0, -1), `${long}second`, "last"]);
  });

  it("cuts a document that no blank line ends, at a line", async () => {
    const line = `${"word ".repeat(200)}.`;
    const path = await fileOf("endless.txt", `${line}\n`.repeat(2500));
    const texts = textsOf(await read([path]));
    expect(texts.length).toBe(3);
    expect(texts.join("\n")).toBe(`${line}\n`.repeat(2500).slice(0, -1));
  });

  it("stops at a broken line with its place, or counts and tells it", async () => {
    const content = Buffer.concat([
      Buffer.from('{"text": "a"}\nnot JSON\n{"text": 5}\n'),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from('{"text": "b"}\n[]\n'),
    ]);
    const path = await fileOf("broken.jsonl", content);
    await expect(read([path])).rejects.toThrow(`${path}:2: is not JSON`);
    const notes: string[] = [];
    const progress: Progress = { ...silent, note: (text) => notes.push(text) };
    const skipped: string[] = [];
    const onSkip = ({ message }: Error) => skipped.push(message);
    expect(textsOf(await read([path], { onError: "skip", progress, onSkip }))).toEqual(["a", "b"]);
    expect(skipped.map((message) => message.slice(path.length, path.length + 3))).toEqual([":2:", ":3:", ":4:", ":6:"]);
    expect(skipped[2]).toContain("is not UTF-8");
    expect(notes).toEqual([
      expect.stringContaining(`${path}: 4 broken lines skipped; the first: ${path}:2: is not JSON`),
    ]);
  });

  it("names what cannot be read", async () => {
    const folder = await temporaryFolder();
    await expect(read([join(folder, "none.txt")])).rejects.toThrow("none.txt: no such file. Wanted a text file.");
    await mkdir(join(folder, "folder.txt"));
    await expect(read([join(folder, "folder.txt")])).rejects.toThrow("folder.txt: is a folder.");
    const path = join(folder, "cut.txt.gz");
    await writeFile(path, gzipSync("some text ".repeat(1000)).subarray(0, 30));
    await expect(read([path])).rejects.toThrow("cut.txt.gz: cannot be read: unexpected end of file");
  });
});

describe("a corpus in any order", () => {
  const lines = Array.from({ length: 500 }, (_, i) =>
    i % 50 === 7 ? "broken" : JSON.stringify({ text: `text ${i}` }),
  );

  it("gives the documents that are read in order, by number", async () => {
    const folder = await temporaryFolder();
    const paths = [
      await fileOf("a.txt", plain),
      await fileOf("b.jsonl", lines.join("\n")),
      await fileOf("c.jsonl.gz", '{"text": "x"}\n{"text": "y"}'),
    ];
    const options = { onError: "skip", unpackFolder: folder } as const;
    const wanted = textsOf(await read(paths, options));
    for (const _ of ["first", "again"]) {
      const corpus = await openCorpus(paths, options);
      expect([corpus.length, corpus.skipped]).toEqual([wanted.length, 10]);
      const got = await Promise.all(wanted.map((_, i) => corpus.at(wanted.length - 1 - i)));
      expect(got.map(({ example }) => example.text).reverse()).toEqual(wanted);
      await expect(corpus.at(wanted.length)).rejects.toThrow(`text.corpus: document ${wanted.length} of`);
      await corpus.close();
    }
  });

  it("refuses broken lines before anything is read, and gzip without a folder", async () => {
    const path = await fileOf("b.jsonl", lines.join("\n"));
    await expect(openCorpus([path])).rejects.toThrow(`${path}:8: is not JSON`);
    const packed = await fileOf("c.txt.gz", plain);
    await expect(openCorpus([packed])).rejects.toThrow(
      `${packed}: is packed and can only be read in order. Wanted a plain file, or a folder to unpack it to.`,
    );
  });

  it("keeps a bounded number of places, from which every document is found", () => {
    const places = new SampledPositions(8);
    for (let i = 0; i < 1000; i++) {
      places.push({ file: 0, byte: 100 * i, line: i });
      for (const index of [0, i >>> 1, i]) {
        const { byte, line, before } = places.before(index);
        expect([byte / 100 + before, line + before]).toEqual([index, index]);
        expect(before).toBeLessThan(Math.max(1, (i + 1) / 2));
      }
    }
  });
});

describe("a permuted order", () => {
  it.each([1, 2, 3, 17, 1000, 4097])("of %i places has each once", (length) => {
    const order = permutedOrder(length, streams(1).at("order", 0));
    const seen = Array.from({ length }, (_, place) => order(place));
    expect(seen.toSorted((a, b) => a - b)).toEqual([...seen.keys()]);
  });

  it("is another for each epoch, the same for each call, and far from the natural one", () => {
    const first = (epoch: number) => {
      const order = permutedOrder(100_000, streams(1).at("order", epoch));
      return Array.from({ length: 2000 }, (_, place) => order(place));
    };
    expect(first(0)).toEqual(first(0));
    expect(first(0)).not.toEqual(first(1));
    const mean = first(0).reduce((sum, index) => sum + index, 0) / 2000;
    expect(Math.abs(mean - 50_000)).toBeLessThan(4 * (100_000 / Math.sqrt(12 * 2000)));
    const ascents = first(0).filter((index, i, all) => i > 0 && index > (all[i - 1] as number)).length;
    expect(Math.abs(ascents - 1000)).toBeLessThan(4 * Math.sqrt(2000 / 12));
  });

  it("reaches past 2^32", () => {
    const order = permutedOrder(1e11, streams(1).at("order", 0));
    const seen = new Set(Array.from({ length: 1000 }, (_, place) => order(place)));
    expect(seen.size).toBe(1000);
    expect(Math.max(...seen)).toBeGreaterThan(2 ** 32);
    expect(Math.max(...seen)).toBeLessThan(1e11);
  });
});

it("finds sentences by Unicode's rules, within lines", () => {
  const text = "  It rained. It poured!\nA new line, no stop\n\nIt cost 3.50 euros.";
  expect(sentenceSpans(text).map(({ start, end }) => text.slice(start, end))).toEqual([
    "It rained.",
    "It poured!",
    "A new line, no stop",
    "It cost 3.50 euros.",
  ]);
});
