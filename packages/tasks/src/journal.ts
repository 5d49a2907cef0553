import { type FileHandle, open } from "node:fs/promises";
import { readJsonLines, writeLinesAtomic } from "@kgraft/runtime";

/** A file of finished parts of long work. */
export interface JournalPlace {
  readonly path: string;
  /** Stands for everything that the work depends on: what was noted under another key is not used. */
  readonly key: string;
  /** Whether to go on from what is there; else it is begun anew. */
  readonly goOn: boolean;
}

/** Notes finished parts of long work line by line, so that a stopped run need not do them again. */
export class Journal<Entry> {
  /** What an earlier run had noted. */
  readonly entries: readonly Entry[];
  readonly #file: FileHandle | undefined;

  private constructor(entries: readonly Entry[], file: FileHandle | undefined) {
    this.entries = entries;
    this.#file = file;
  }

  /** @param place absent: nothing was noted and nothing will be */
  static async open<Entry>(place: JournalPlace | undefined): Promise<Journal<Entry>> {
    if (place === undefined) return new Journal<Entry>([], undefined);
    const entries = place.goOn ? await readEntries<Entry>(place) : [];
    await writeLinesAtomic(
      place.path,
      [{ key: place.key }, ...entries].map((line) => JSON.stringify(line)),
    );
    return new Journal(entries, await open(place.path, "a"));
  }

  async add(entry: Entry): Promise<void> {
    await this.#file?.write(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** The whole lines behind a header of the same key; a last line that was cut short is left out. */
async function readEntries<Entry>({ path, key }: JournalPlace): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let header: { readonly key?: unknown } | undefined;
  try {
    for await (const { value } of readJsonLines(path)) {
      if (header === undefined) header = value as { readonly key?: unknown };
      else entries.push(value as Entry);
    }
  } catch {
    // Not there, or cut short where the run was killed: what stands before is whole.
  }
  return header?.key === key ? entries : [];
}
