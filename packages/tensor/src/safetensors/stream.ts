import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, RunError, temporaryName, writeFileAtomic } from "@kgraft/runtime";
import type { HostArray } from "../contract.ts";
import { layoutRank, type WrittenType, writtenType } from "./element-types.ts";
import { arrayBytes, type HeaderEntry, headerBytes, pytorchMetadata, refuseWrite } from "./write.ts";

/** The data of one dtype so far, in a file of its own until the header is known. */
interface Part {
  readonly path: string;
  readonly file: FileHandle;
  readonly entries: HeaderEntry[];
  pending: Uint8Array[];
  pendingBytes: number;
}

const flushBytes = 1 << 20;

/**
 * Writes a safetensors file whose tensors come one by one and whose number is known only at the end. Memory holds the
 * header and one megabyte of data a dtype; the file appears under its name at {@link end}.
 *
 * Tensors stand by falling alignment of their dtype, then in the order in which they came.
 */
export class SafetensorsStream {
  readonly #path: string;
  readonly #parts = new Map<WrittenType, Part>();
  readonly #names = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Adds one tensor; its array is copied.
   *
   * @throws InputError `tensor.safetensors.write` where the name is doubled or data does not fill the shape
   */
  async add(name: string, { dtype, shape, data }: HostArray): Promise<void> {
    if (this.#names.has(name)) throw refuseWrite(this.#path, name, "is given twice");
    const bytes = arrayBytes(this.#path, { name, shape }, data).slice();
    this.#names.add(name);
    const part = await this.#part(writtenType(dtype));
    part.entries.push({ name, dtype: writtenType(dtype), shape });
    part.pending.push(bytes);
    part.pendingBytes += bytes.length;
    if (part.pendingBytes >= flushBytes) await this.#flush(part);
  }

  /** Puts header and data together under the file's name. */
  async end(metadata: Readonly<Record<string, string>> = pytorchMetadata): Promise<void> {
    const parts = [...this.#parts].sort(([a], [b]) => layoutRank(a) - layoutRank(b)).map(([, part]) => part);
    try {
      for (const part of parts) await this.#flush(part);
      const entries = parts.flatMap((part) => part.entries);
      await writeFileAtomic(this.#path, wholeFile(headerBytes(this.#path, entries, metadata), parts));
    } finally {
      await this.discard();
    }
  }

  /** Throws away what was written: after an error, in place of {@link end}. */
  async discard(): Promise<void> {
    const parts = [...this.#parts.values()];
    this.#parts.clear();
    for (const { file, path } of parts) {
      await file.close();
      await rm(path, { force: true });
    }
  }

  async #part(dtype: WrittenType): Promise<Part> {
    const known = this.#parts.get(dtype);
    if (known !== undefined) return known;
    const path = temporaryName(`${this.#path}.${dtype}`);
    const file = await this.#writing(async () => {
      await mkdir(dirname(path), { recursive: true });
      return await open(path, "wx");
    });
    const part: Part = { path, file, entries: [], pending: [], pendingBytes: 0 };
    this.#parts.set(dtype, part);
    return part;
  }

  async #flush(part: Part): Promise<void> {
    const bytes = Buffer.concat(part.pending);
    part.pending = [];
    part.pendingBytes = 0;
    await this.#writing(() => part.file.writeFile(bytes));
  }

  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      await this.discard();
      const problem = `cannot be written: ${messageOf(cause)}`;
      throw new RunError({ code: "runtime.write", at: this.#path, problem, cause });
    }
  }
}

async function* wholeFile(header: Uint8Array, parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  yield header;
  for (const { path } of parts) yield* createReadStream(path, { highWaterMark: flushBytes }) as AsyncIterable<Buffer>;
}
