import type { FileHandle } from "node:fs/promises";
import { InputError, messageOf } from "@kgraft/runtime";
import { shapeText, sizeOf } from "../shapes.ts";
import { type ElementType, elementBytes } from "./element-types.ts";
import { repeatedKey } from "./repeated-key.ts";

/** What the format allows a header to weigh. */
export const longestHeader = 100_000_000;

/** One tensor of a file. */
export interface TensorInfo {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Bytes [start, end) within the file. */
  readonly start: number;
  readonly end: number;
}

/** What stands before the data. */
export interface Header {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks the header of a safetensors file.
 *
 * @throws InputError `tensor.safetensors` naming file and tensor for everything that the format forbids
 */
export async function readHeader(file: FileHandle, path: string): Promise<Header> {
  const { size } = await file.stat();
  if (size < 8)
    throw refusal(path, `has ${size} bytes`, "Wanted a safetensors file, which begins with 8 bytes of length");
  const length = (await bytesAt(file, 0, 8)).readBigUInt64LE(0);
  if (length > longestHeader)
    throw refusal(
      path,
      `says that its header has ${length} bytes`,
      `The format allows ${longestHeader}; is this a safetensors file?`,
    );
  const start = 8 + Number(length);
  if (start > size)
    throw refusal(
      path,
      `says that its header has ${length} bytes, but the file ends after ${size}`,
      "The file is cut short; copy it again",
    );
  const entries = parseHeader(await bytesAt(file, 8, Number(length)), path);
  const metadata = readMetadata(entries.get("__metadata__"), path);
  entries.delete("__metadata__");
  const tensors = new Map([...entries].map(([name, entry]) => [name, readEntry(entry, name, start, path)]));
  checkLayout(tensors, start, size, path);
  return { tensors, metadata };
}

/** An error about a file, or about one tensor of it. */
export function refusal(path: string, problem: string, wanted?: string, name?: string): InputError {
  return new InputError({
    code: "tensor.safetensors",
    at: name === undefined ? path : `${path}: ${name}`,
    problem,
    wanted,
  });
}

/** Reads exactly these bytes, in pieces that one call can read. */
export async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  let done = 0;
  while (done < length) {
    const piece = Math.min(length - done, 1 << 30);
    const { bytesRead } = await file.read(bytes, done, piece, position + done);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position + done}`);
    done += bytesRead;
  }
  return bytes;
}

function parseHeader(bytes: Buffer, path: string): Map<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw refusal(path, `the header is not JSON in UTF-8: ${messageOf(cause)}`);
  }
  if (!text.startsWith("{") || typeof value !== "object" || value === null)
    throw refusal(path, "the header is not a JSON object", 'Wanted it to begin with "{"');
  const doubled = repeatedKey(text);
  if (doubled !== undefined) throw refusal(path, `"${doubled}" stands twice in the header`);
  return new Map(Object.entries(value));
}

function readMetadata(entry: unknown, path: string): Record<string, string> {
  if (entry === undefined) return {};
  const pairs = typeof entry === "object" && entry !== null ? Object.entries(entry) : undefined;
  if (pairs === undefined || Array.isArray(entry) || pairs.some(([, value]) => typeof value !== "string"))
    throw refusal(path, "is not a record of strings", 'Wanted { "format": "pt" }', "__metadata__");
  return Object.fromEntries(pairs) as Record<string, string>;
}

function readEntry(entry: unknown, name: string, dataStart: number, path: string): TensorInfo {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !(dtype in elementBytes))
    throw refusal(
      path,
      `has dtype ${JSON.stringify(dtype)}`,
      `Wanted one of ${Object.keys(elementBytes).join(", ")}`,
      name,
    );
  if (!areCounts(shape))
    throw refusal(path, `has shape ${JSON.stringify(shape)}`, "Wanted a list of whole numbers", name);
  if (!areCounts(offsets) || offsets.length !== 2)
    throw refusal(path, `has data_offsets ${JSON.stringify(offsets)}`, "Wanted [begin, end]", name);
  const [begin, end] = offsets as [number, number];
  const bytes = sizeOf(shape) * elementBytes[dtype as ElementType];
  if (!Number.isSafeInteger(bytes))
    throw refusal(path, `has the impossible shape ${shapeText(shape)}`, undefined, name);
  if (end - begin !== bytes)
    throw refusal(path, `holds ${end - begin} bytes`, `${dtype} ${shapeText(shape)} takes ${bytes}`, name);
  return { dtype: dtype as ElementType, shape, start: dataStart + begin, end: dataStart + end };
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** The data must fill the file from the header to its end without hole or overlap. */
function checkLayout(tensors: ReadonlyMap<string, TensorInfo>, start: number, size: number, path: string): void {
  const byPlace = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let last = start;
  for (const [name, info] of byPlace) {
    if (info.start !== last)
      throw refusal(
        path,
        `begins at byte ${info.start - start} of the data`,
        `The tensor before it ends at ${last - start}: the format allows neither holes nor overlaps`,
        name,
      );
    last = info.end;
  }
  if (last === size) return;
  if (last > size)
    throw refusal(
      path,
      `the data should end at byte ${last}, but the file ends after ${size}`,
      "The file is cut short; copy it again",
    );
  throw refusal(path, `has ${size - last} bytes after the last tensor`, "The format allows none");
}
