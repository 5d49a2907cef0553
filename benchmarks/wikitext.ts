/** WikiText-2's raw text for benchmarks, from the data folder that `KGRAFT_DATA` names. */
import { join } from "node:path";
import { readLines } from "@kgraft/runtime";

/**
 * Reads the lines that are not blank, validation part before test part.
 *
 * @throws Error where `KGRAFT_DATA` is not set
 */
export async function wikitextLines(): Promise<string[]> {
  const { KGRAFT_DATA } = process.env;
  if (!KGRAFT_DATA) throw new Error("KGRAFT_DATA is not set. Wanted a folder with wikitext-2/valid.raw.txt.gz");
  const lines: string[] = [];
  for (const part of ["valid", "test"])
    for await (const { text } of readLines(join(KGRAFT_DATA, "wikitext-2", `${part}.raw.txt.gz`)))
      if (text.trim() !== "") lines.push(text.trim());
  return lines;
}
