import { join } from "node:path";
import { CompactGraph } from "../compact/compact-graph.ts";
import { readSnapshot } from "../compact/snapshot-file.ts";
import { type Texts, textAt } from "../compact/texts.ts";
import { readElementIds } from "./element-ids.ts";

/** Which files a snapshot is in, and what it is called. */
interface SnapshotFiles {
  readonly server: string;
  readonly snapshot: string;
  readonly elements?: string | undefined;
}

/** A snapshot in memory. The ids under which its server keeps the nodes are read when one is first asked for. */
export class SnapshotGraph extends CompactGraph {
  #elementsPath: string | undefined;
  #elements: Promise<Texts> | undefined;

  /** @throws InputError `kg.snapshot.read` where a file is missing or damaged */
  static async open(folder: string, { server, snapshot, elements }: SnapshotFiles): Promise<SnapshotGraph> {
    const { parts, revision } = await readSnapshot(join(folder, snapshot));
    const graph = new SnapshotGraph(`${server} snapshot ${snapshot.slice(0, 12)}`, parts, { revision });
    graph.#elementsPath = elements && join(folder, elements);
    return graph;
  }

  async elementId(id: string): Promise<string | undefined> {
    const number = this.numberOf(id);
    if (number === -1 || this.#elementsPath === undefined) return undefined;
    this.#elements ??= readElementIds(this.#elementsPath);
    return textAt(await this.#elements, number);
  }
}
