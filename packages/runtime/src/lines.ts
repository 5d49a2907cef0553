import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError, messageOf } from "./errors.ts";

/** One line of a text file. */
export interface Line {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
  /** `file:line`, for errors. */
  readonly at: string;
}

/**
 * Streams the lines of a UTF-8 file (gzip where the name ends in `.gz`) with bounded memory.
 *
 * A byte order mark and a carriage return at a line's end are dropped; a last line without newline counts.
 *
 * @throws InputError `runtime.read` where the file is missing, a folder, unreadable or not gzip; `runtime.utf8` with
 *   `file:line` where bytes are not UTF-8
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  await assertReadable(path);
  let number = 0;
  for await (const bytes of splitLines(openBytes(path), path)) {
    number++;
    if (!isUtf8(bytes)) throw notUtf8(`${path}:${number}`);
    let text = bytes.toString("utf8");
    if (number === 1 && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (text.endsWith("\r")) text = text.slice(0, -1);
    yield { text, number, at: `${path}:${number}` };
  }
}

/** One value of a JSON Lines file. */
export interface JsonLine extends Line {
  readonly value: unknown;
}

/**
 * Streams the values of a JSON Lines file; blank lines are passed over.
 *
 * @throws InputError `runtime.json` with `file:line` where a line is not JSON
 */
export async function* readJsonLines(path: string): AsyncGenerator<JsonLine> {
  for await (const line of readLines(path)) {
    if (line.text.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line.text);
    } catch (cause) {
      throw new InputError({
        code: "runtime.json",
        at: line.at,
        problem: `is not JSON: ${messageOf(cause)}`,
        wanted: "Wanted one JSON value a line",
        cause,
      });
    }
    yield { ...line, value };
  }
}

function notUtf8(at: string): InputError {
  return new InputError({
    code: "runtime.utf8",
    at,
    problem: "is not UTF-8",
    wanted: "Wanted UTF-8 text",
    fix: "Convert the file, for example with `iconv -f latin1 -t utf-8`",
  });
}

function openBytes(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  return path.endsWith(".gz") ? pipeline(file, createGunzip(), () => undefined) : file;
}

/** Splits at 0x0A before decoding, so that no UTF-8 sequence is ever cut. */
async function* splitLines(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let carry: Buffer[] = [];
  try {
    for await (const chunk of chunks) {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        const piece = chunk.subarray(start, end);
        yield carry.length === 0 ? piece : Buffer.concat([...carry, piece]);
        carry = [];
        start = end + 1;
      }
      if (start < chunk.length) carry.push(chunk.subarray(start));
    }
  } catch (cause) {
    throw new InputError({
      code: "runtime.read",
      at: path,
      problem: `cannot be read: ${messageOf(cause)}`,
      cause,
    });
  }
  if (carry.length > 0) yield Buffer.concat(carry);
}

async function assertReadable(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(cause)}`;
    throw new InputError({ code: "runtime.read", at: path, problem, cause });
  });
  if (found.isDirectory())
    throw new InputError({
      code: "runtime.read",
      at: path,
      problem: "is a folder",
      wanted: "Wanted a file",
    });
}
