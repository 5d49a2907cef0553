import { readLines } from "@kgraft/runtime";
import type { CompactGraph } from "../compact/compact-graph.ts";
import { TextList, type Texts, textAt } from "../compact/texts.ts";
import { writeText } from "../export/write-text.ts";

/**
 * Writes the ids under which a server keeps a snapshot's nodes, a line an entity in the snapshot's order. They stand beside the
 * snapshot and not in it: the same graph in another server has others.
 *
 * @param read in the order of the database's index: strings by code points, integers by value
 */
export async function writeElementIds(
  path: string,
  { parts: { ids } }: CompactGraph,
  read: Texts,
  idType: "string" | "integer",
): Promise<void> {
  const places = idType === "string" ? undefined : placesByValue(ids);
  async function* lines(): AsyncGenerator<string> {
    for (let entity = 0; entity < read.offsets.length - 1; entity++)
      yield `${textAt(read, places === undefined ? entity : (places[entity] as number))}\n`;
  }
  await writeText(path, lines());
}

/** Reads what {@link writeElementIds} wrote. */
export async function readElementIds(path: string): Promise<Texts> {
  const list = new TextList();
  for await (const { text } of readLines(path)) list.push(text);
  return list.texts();
}

/** Where each id stands among all, by value. */
function placesByValue(ids: Texts): Int32Array {
  const values = Array.from({ length: ids.offsets.length - 1 }, (_, i) => BigInt(textAt(ids, i)));
  const order = [...values.keys()].sort((a, b) => ((values[a] as bigint) < (values[b] as bigint) ? -1 : 1));
  const places = new Int32Array(order.length);
  for (const [place, entity] of order.entries()) places[entity] = place;
  return places;
}
