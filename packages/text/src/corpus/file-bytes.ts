import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError, messageOf } from "@kgraft/runtime";

const chunkBytes = 1 << 18;

/** The bytes of a file from an offset on; of a gzip file, of what it unpacks to. */
export async function* bytesFrom(path: string, start: number): AsyncGenerator<Buffer> {
  const packed = path.endsWith(".gz");
  const file = createReadStream(path, { highWaterMark: chunkBytes, start: packed ? 0 : start });
  const chunks: AsyncIterable<Buffer> = packed ? pipeline(file, createGunzip(), () => undefined) : file;
  let before = packed ? start : 0;
  try {
    for await (const chunk of chunks) {
      const kept = chunk.subarray(Math.min(before, chunk.length));
      before -= chunk.length - kept.length;
      if (kept.length > 0) yield kept;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** What stands in the way of reading a file. */
export function unreadable(path: string, cause: unknown): InputError {
  const problems: Readonly<Record<string, string>> = { ENOENT: "no such file", EISDIR: "is a folder" };
  const problem = problems[(cause as NodeJS.ErrnoException).code ?? ""] ?? `cannot be read: ${messageOf(cause)}`;
  return new InputError({ code: "text.corpus.read", at: path, problem, wanted: "Wanted a text file", cause });
}
