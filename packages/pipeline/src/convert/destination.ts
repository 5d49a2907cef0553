import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { InputError } from "@kgraft/runtime";

/** The file that says what a folder was converted from; a folder that holds one may be replaced. */
export const conversionFile = "conversion.json";

/**
 * Refuses to write where something else would be lost.
 *
 * @throws InputError `convert.destination` where the folder holds something that this command did not write, or the source
 */
export function checkDestination(to: string, from: string): void {
  const at = resolve(to);
  const refuse = (problem: string, wanted: string) =>
    new InputError({ code: "convert.destination", at: to, problem, wanted, fix: "Give another folder with --to" });
  if (existsSync(from) && within(realpathSync(from), existsSync(at) ? realpathSync(at) : at))
    throw refuse("holds what is to be converted", "Wanted another place than the source's");
  if (!existsSync(at)) return;
  let names: readonly string[];
  try {
    names = readdirSync(at);
  } catch {
    throw refuse("is a file", "Wanted a folder to write");
  }
  if (names.length > 0 && !existsSync(join(at, conversionFile)))
    throw refuse(
      `is a folder with ${names.length === 1 ? "a file" : `${names.length} files`} that kgraft convert did not write`,
      "Wanted a new or empty folder, or one of its own, which is replaced",
    );
}

/** Whether a path is a folder or lies below it. */
const within = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
