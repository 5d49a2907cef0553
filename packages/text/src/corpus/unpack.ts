import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { InputError, writeFileAtomic } from "@kgraft/runtime";
import { bytesFrom, unreadable } from "./file-bytes.ts";

/**
 * Gives a file that can be read at any offset: itself, or what a gzip file unpacks to.
 *
 * @param folder where gzip files are unpacked; an unpacked file of the same source is used again
 * @throws InputError `text.corpus.gzip` without a folder; `text.corpus.read` where the file is no gzip
 */
export async function unpacked(path: string, folder: string | undefined): Promise<string> {
  if (!path.endsWith(".gz")) return path;
  if (folder === undefined)
    throw new InputError({
      code: "text.corpus.gzip",
      at: path,
      problem: "is packed and can only be read in order",
      wanted: "Wanted a plain file, or a folder to unpack it to",
      fix: "Unpack it with `gunzip --keep`",
    });
  const { size, mtimeMs } = await stat(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  const target = join(folder, `${size}-${Math.trunc(mtimeMs)}-${basename(path, ".gz")}`);
  if (existsSync(target)) return target;
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(target, bytesFrom(path, 0));
  return target;
}
