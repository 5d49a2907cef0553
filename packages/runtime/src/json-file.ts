import { readFile } from "node:fs/promises";
import { InputError, messageOf } from "./errors.ts";

/** What an error about a JSON file says beside what is wrong. */
export interface JsonWords {
  /** Default: `runtime.read` where it cannot be read, `runtime.json` where it is no JSON. */
  readonly code?: string;
  readonly wanted?: string;
  /** Where it is no JSON. */
  readonly fix?: string;
}

/** Whether a value is a plain map: no list, no null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a JSON file.
 *
 * @throws InputError naming the file where it is missing, cannot be read, or is no JSON
 */
export async function readJsonFile(path: string, words: JsonWords = {}): Promise<unknown> {
  const text = await textOf(path, words);
  if (text !== undefined) return parseJson(text, path, words);
  throw new InputError({
    ...words,
    code: words.code ?? "runtime.read",
    at: path,
    problem: "no such file",
    fix: undefined,
  });
}

/** Reads a JSON file that need not be there; undefined where it is not. @throws InputError as {@link readJsonFile} */
export async function readJsonFileIfThere(path: string, words: JsonWords = {}): Promise<unknown> {
  const text = await textOf(path, words);
  return text === undefined ? undefined : parseJson(text, path, words);
}

/**
 * Parses a JSON text.
 *
 * @param at where it stands
 * @throws InputError `runtime.json`
 */
export function parseJson(text: string, at: string, words: JsonWords = {}): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = text.trim() === "" ? "is empty" : `is not JSON: ${messageOf(cause)}`;
    throw new InputError({ ...words, code: words.code ?? "runtime.json", at, problem, cause });
  }
}

async function textOf(path: string, { code, wanted }: JsonWords): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const problem = `cannot be read: ${messageOf(cause)}`;
    throw new InputError({ code: code ?? "runtime.read", at: path, problem, wanted, cause });
  }
}
