import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, writeFolderAtomic, writeLinesAtomic } from "@kgraft/runtime";
import { folderFiles } from "./folder.ts";
import type { Entity, Graph } from "./graph.ts";
import { tripleLine } from "./triple-lines.ts";

/**
 * Writes any graph, streamed, as a folder that `folder` reads. An older graph folder of that path is replaced once the new
 * one is whole.
 *
 * @throws InputError `kg.folder.taken` where the path holds something else; RunError `runtime.write`
 */
export async function writeGraphFolder(graph: Graph, path: string): Promise<void> {
  await assertMayReplace(path);
  await writeFolderAtomic(path, async (temporary) => {
    await writeLinesAtomic(join(temporary, folderFiles.entities), lines(graph.entities(), entityLine));
    await writeLinesAtomic(join(temporary, folderFiles.relations), lines(graph.relations(), JSON.stringify));
    await writeLinesAtomic(join(temporary, folderFiles.triples), lines(graph.triples(), tripleLine));
  });
}

async function* lines<Item>(items: AsyncIterable<Item>, line: (item: Item) => string): AsyncGenerator<string> {
  for await (const item of items) yield line(item);
}

/** An entity as one line of `entities.jsonl`; what is empty is left out. */
function entityLine({ id, label, aliases, description, types, properties }: Entity): string {
  return JSON.stringify({
    id,
    label,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(description !== undefined ? { description } : {}),
    ...(types.length > 0 ? { types } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
  });
}

async function assertMayReplace(path: string): Promise<void> {
  const names = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new InputError({
      code: "kg.folder.taken",
      at: path,
      problem: `is no folder: ${cause.message}`,
      wanted: "Wanted a folder of a graph, or a name that is free",
      cause,
    });
  });
  const ours: readonly string[] = Object.values(folderFiles);
  const other = names.find((name) => !ours.includes(name));
  if (other !== undefined)
    throw new InputError({
      code: "kg.folder.taken",
      at: path,
      problem: `holds "${other}", so it is not only a graph folder and is not replaced`,
      fix: "Choose another folder, or empty this one",
    });
}
