import { readFile, stat } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { InputError, messageOf, parseJson } from "@kgraft/runtime";

/**
 * Reads a JSON file; where the name ends in `.gz`, a gzip one.
 *
 * @throws InputError `runtime.read`, `runtime.json`
 */
export async function readJsonFile(path: string, wanted: string): Promise<unknown> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(cause)}`;
    throw new InputError({ code: "runtime.read", at: path, problem, wanted, cause });
  });
  return parseJson(unpacked(path, bytes).toString("utf8"), path, { wanted });
}

function unpacked(path: string, bytes: Buffer): Buffer {
  if (!path.endsWith(".gz")) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw new InputError({
      code: "runtime.read",
      at: path,
      problem: `is not gzip: ${messageOf(cause)}`,
      fix: "Take .gz off its name if it is plain",
      cause,
    });
  }
}

/** The path, or that of its gzip where only that is there. */
export async function plainOrGzip(path: string): Promise<string> {
  return !(await isThere(path)) && (await isThere(`${path}.gz`)) ? `${path}.gz` : path;
}

/** Whether there is anything at a path. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT",
  );
}
