// Memory and speed of reading a large corpus, in order and by number:
//   npm run bench -- corpus-memory [gigabytes, default 1] [text | jsonl]
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { streams } from "@kgraft/runtime";
import { openCorpus, permutedOrder, readCorpus } from "@kgraft/text";

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
const words =
  "the of knowledge graph river town sings lute entity vector über naïve 東京 relation mention walks 1984".split(" ");

/** Documents of some twenty lines, until there are so many bytes; the text repeats, the parts differ in length. */
function* parts(bytes: number, format: string): Generator<string> {
  const draw = streams(1).at("corpus-memory");
  const line = () => Array.from({ length: 5 + draw.integer(30) }, () => words[draw.integer(words.length)]).join(" ");
  const document = () => Array.from({ length: 1 + draw.integer(40) }, line);
  const made = Array.from({ length: 200 }, () => {
    const lines = document();
    return format === "jsonl" ? `${JSON.stringify({ text: lines.join("\n") })}\n` : `${lines.join("\n")}\n\n`;
  });
  const sizes = made.map((part) => Buffer.byteLength(part));
  for (let written = 0, i = 0; written < bytes; i = (i + 1) % made.length) {
    yield made[i] as string;
    written += sizes[i] as number;
  }
}

export async function main([gigabytes = "1", format = "text"]: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-corpus-"));
  const path = join(folder, format === "jsonl" ? "corpus.jsonl" : "corpus.txt");
  const bytes = Number(gigabytes) * 1e9;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const timed = async (what: string, work: () => Promise<string>) => {
    peak = process.memoryUsage.rss();
    const begin = performance.now();
    const found = await work();
    const seconds = (performance.now() - begin) / 1000;
    console.log(JSON.stringify({ what, seconds: Number(seconds.toFixed(2)), peakMiB: mebibytes(peak), found }));
  };
  try {
    await timed("write", async () => {
      await pipeline(Readable.from(parts(bytes, format), { highWaterMark: 64 }), createWriteStream(path));
      return `${gigabytes} GB`;
    });
    await timed("in order", async () => {
      let documents = 0;
      let sentences = 0;
      for await (const { document } of readCorpus([path])) {
        documents++;
        sentences += document.sentences.length;
      }
      return `${documents} documents, ${sentences} sentences`;
    });
    const corpus = await (async () => {
      let opened: Awaited<ReturnType<typeof openCorpus>> | undefined;
      await timed("open for any order", async () => {
        opened = await openCorpus([path]);
        return `${opened.length} documents`;
      });
      return opened as NonNullable<typeof opened>;
    })();
    await timed("10,000 documents at random", async () => {
      const order = permutedOrder(corpus.length, streams(1).at("order", 0));
      let units = 0;
      for (let place = 0; place < Math.min(10_000, corpus.length); place++)
        units += (await corpus.at(order(place))).example.text.length;
      return `${units} UTF-16 units`;
    });
    await corpus.close();
  } finally {
    clearInterval(timer);
    await rm(folder, { recursive: true });
  }
}
