/**
 * Ids of all of WikiText-2 raw against the Rust library, for word pieces, byte pairs and Unigram; and the speed of both:
 *
 *     npm run bench -- tokenizer-parity
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadTokenizer } from "@kgraft/text";
import { Tokenizer as Oracle } from "tokenizers";
import { wikitextLines } from "./wikitext.ts";

const fixtures = join(import.meta.dirname, "../packages/text/fixtures");

export async function main(): Promise<void> {
  const lines = await wikitextLines();
  const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / 1e6;
  const folder = await mkdtemp(join(tmpdir(), "kgraft-parity-"));
  try {
    for (const name of ["word-piece.json", "byte-pair.json", "unigram.json.gz"]) {
      const content = await readFile(join(fixtures, name));
      const path = join(folder, "tokenizer.json");
      await writeFile(path, name.endsWith(".gz") ? gunzipSync(content) : content);
      console.log(`${name.split(".")[0]?.padEnd(10)} ${await compare(path, lines, megabytes)}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compare(path: string, lines: readonly string[], megabytes: number): Promise<string> {
  const ours = await loadTokenizer(path);
  const oracle = Oracle.fromFile(path);
  oracle.disableTruncation();
  oracle.disablePadding();
  const start = performance.now();
  const encodings = lines.map((line) => ours.encode(line));
  const ourRate = (1000 * megabytes) / (performance.now() - start);
  const again = performance.now();
  const wanted = await oracle.encodeBatch([...lines]);
  const theirRate = (1000 * megabytes) / (performance.now() - again);
  let [equal, pieces] = [0, 0];
  for (const [i, { ids }] of encodings.entries()) {
    pieces += ids.length;
    if (wanted[i]?.getIds().join() === ids.join()) equal++;
  }
  return `${equal} of ${lines.length} lines have equal ids (${pieces} pieces); ${ourRate.toFixed(1)} MB/s, the Rust library ${theirRate.toFixed(1)}`;
}
