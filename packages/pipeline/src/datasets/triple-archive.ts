import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { relationWords } from "@kgraft/kg";
import { InputError, messageOf, readLines } from "@kgraft/runtime";
import type { TextExample, TripleTerm } from "@kgraft/text";
import { parseTarGzip } from "nanotar";

/** A benchmark of triples: an archive with train.txt, valid.txt and test.txt, and the words of its ids. */
export interface TripleArchive {
  /** Folder of the archives, with the words in `text/`. */
  readonly folder: string;
  /** `umls.tar.gz` */
  readonly archive: string;
  /** Prefix of `<words>.entity2text.txt.gz` and `<words>.relation2text.txt.gz`; absent: ids are words. */
  readonly words?: string | undefined;
}

/** The triples of a part, by ids. */
export type IdTriple = readonly [head: string, relation: string, tail: string];

/** A benchmark as it was read. */
export interface ArchiveTriples {
  readonly train: readonly IdTriple[];
  readonly validation: readonly IdTriple[];
  readonly test: readonly IdTriple[];
  /** The words of an entity or relation. */
  text(id: string): string;
}

const files = { train: "train.txt", validation: "valid.txt", test: "test.txt" } as const;

/**
 * Reads an archive of triples.
 *
 * @throws InputError `dataset.triples.…` naming the archive, its file and line
 */
export async function readTripleArchive({ folder, archive, words }: TripleArchive): Promise<ArchiveTriples> {
  const path = join(folder, archive);
  const parts = new Map((await unpack(path)).map(({ name, text }) => [name.replace(/^.*\//, ""), text]));
  const part = (file: string): readonly IdTriple[] => {
    const text = parts.get(file);
    if (text === undefined) throw unfit(path, `has no ${file}`, "Wanted train.txt, valid.txt and test.txt");
    return text
      .split("\n")
      .flatMap((line, i) => (line.trim() === "" ? [] : [triple(line, `${path} ${file}:${i + 1}`)]));
  };
  const texts = new Map<string, string>();
  if (words !== undefined)
    for (const kind of ["entity", "relation"])
      for (const [id, text] of await readTexts(join(folder, "text", `${words}.${kind}2text.txt.gz`)))
        texts.set(id, text);
  return {
    train: part(files.train),
    validation: part(files.validation),
    test: part(files.test),
    text: (id) => texts.get(id) ?? relationWords(id),
  };
}

/** Triples in words as examples, ids made of a part's name and the place. */
export function exampleTriples(
  triples: readonly IdTriple[],
  part: string,
  text: (id: string) => string,
): TextExample[] {
  return triples.map((ids, i) => {
    const [head, relation, tail] = ids.map((id): TripleTerm => ({ id, text: text(id) })) as [
      TripleTerm,
      TripleTerm,
      TripleTerm,
    ];
    return {
      id: `${part}-${i}`,
      text: `${head.text} ${relation.text} ${tail.text}`,
      triple: { head, relation, tail },
    };
  });
}

async function unpack(path: string): ReturnType<typeof parseTarGzip> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(cause)}`;
    throw new InputError({ code: "runtime.read", at: path, problem, cause });
  });
  return parseTarGzip(new Uint8Array(bytes)).catch((cause: unknown) => {
    throw unfit(path, `is not a tar archive under gzip: ${messageOf(cause)}`, "Wanted the benchmark's archive");
  });
}

async function readTexts(path: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for await (const { text: line, at } of readLines(path)) {
    if (line === "") continue;
    const [id = "", text = "", ...more] = line.split("\t");
    if (id === "" || text === "" || more.length > 0) throw unfit(at, "has no id or no text", "Wanted id TAB text");
    texts.set(id, text);
  }
  return texts;
}

function triple(line: string, at: string): IdTriple {
  const fields = line.trim().split("\t");
  if (fields.length === 3 && !fields.includes("")) return fields as unknown as IdTriple;
  throw unfit(at, `has ${fields.length} fields`, "Wanted head, relation and tail, separated by tabs");
}

function unfit(at: string, problem: string, wanted: string): InputError {
  return new InputError({ code: "dataset.triples.archive", at, problem, wanted });
}
