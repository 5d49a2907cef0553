import { stat } from "node:fs/promises";
import { InputError } from "@kgraft/runtime";

/**
 * The first of some paths where there is a file.
 *
 * @throws InputError `dataset.missing` naming the first
 */
export async function firstThere(paths: readonly [string, ...string[]]): Promise<string> {
  for (const path of paths)
    if (
      await stat(path)
        .then(() => true)
        .catch(() => false)
    )
      return path;
  throw new InputError({
    code: "dataset.missing",
    at: paths[0],
    problem: "no such file, nor with .gz",
    wanted: "Wanted the data set's own files",
    fix: "Check path; data that is not installed is found under KGRAFT_DATA",
  });
}
