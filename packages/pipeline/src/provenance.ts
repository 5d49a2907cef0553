import { once } from "node:events";
import { createGzip } from "node:zlib";
import type { Fusion, PreparedExample } from "@kgraft/fusion";
import type { Graph, Triple } from "@kgraft/kg";
import { writeFileAtomic } from "@kgraft/runtime";
import { offsetTable, type TextExample } from "@kgraft/text";

/** A line of `provenance.jsonl.gz`: an entity or a triple that entered an example. */
export interface ProvenanceLine extends Partial<Triple> {
  readonly example: string;
  readonly stage: "pretrain" | "task";
  /** The entity that was mentioned, with its place in the text in code points; absent where the example is a triple itself. */
  readonly entity?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** The graph that it is from. */
  readonly source: string;
  /** Under what id a database keeps the entity's node, or the triple's ends. */
  readonly element?: string | undefined;
  readonly headElement?: string | undefined;
  readonly tailElement?: string | undefined;
}

/** Lists what knowledge entered which example, as gzip JSON Lines, while a strategy prepares them. */
export class Provenance {
  /** What the examples that are prepared now are for. */
  stage: ProvenanceLine["stage"] = "pretrain";
  readonly #graph: () => Promise<Graph>;
  readonly #path: string;
  readonly #lines = createGzip({ level: 1 });
  #written: Promise<void> | undefined;
  /** Settles once there is room again: all that write while there is none wait for the same. */
  #drained: Promise<void> | undefined;

  /** @param path where the list stands once it is whole; there is none where nothing is put into examples */
  constructor(path: string, graph: () => Promise<Graph>) {
    this.#path = path;
    this.#graph = graph;
  }

  /** The strategy, noting what it puts into examples; one that prepares nothing puts nothing in. */
  noting(fusion: Fusion): Fusion {
    const { prepare } = fusion;
    if (prepare === undefined) return fusion;
    this.#written = writeFileAtomic(this.#path, this.#lines);
    this.#written.catch(() => undefined);
    return {
      ...fusion,
      prepare: async (example, encoding, maxLength) => {
        const prepared = await prepare.call(fusion, example, encoding, maxLength);
        await this.#note(example, prepared);
        return prepared;
      },
    };
  }

  /** Puts the list in its place. */
  async finish(): Promise<void> {
    if (this.#written === undefined) return;
    this.#lines.end();
    await this.#written;
  }

  /** Lets go of the list of a run that failed; does nothing once it is finished. */
  async abandon(): Promise<void> {
    if (this.#written === undefined) return;
    this.#lines.destroy(new Error("the run failed"));
    await this.#written.catch(() => undefined);
  }

  async #note(example: TextExample, { triples = [] }: PreparedExample<unknown>): Promise<void> {
    const { id, text, mentions = [], triple: own } = example;
    if (mentions.length === 0 && own === undefined) return;
    const graph = await this.#graph();
    const offsets = offsetTable(text);
    const element = (entity: string): Promise<string | undefined> | undefined => graph.elementId?.(entity);
    const ends = async ({ head, relation, tail }: Triple): Promise<Partial<ProvenanceLine>> => ({
      ...{ head, relation, tail },
      headElement: await element(head),
      tailElement: await element(tail),
    });
    const write = (line: Partial<ProvenanceLine>): Promise<void> =>
      this.#write({ example: id, stage: this.stage, ...line, source: graph.source });
    const places = mentions.map(({ entity, start, end }) => ({
      entity,
      start: offsets.toCodePoints(start),
      end: offsets.toCodePoints(end),
    }));
    for (const place of places) await write({ ...place, element: await element(place.entity) });
    for (const triple of triples) await write({ ...places[triple.mention], ...(await ends(triple)) });
    if (own !== undefined) await write(await ends({ head: own.head.id, relation: own.relation.id, tail: own.tail.id }));
  }

  async #write(line: ProvenanceLine): Promise<void> {
    if (this.#lines.write(`${JSON.stringify(line)}\n`)) return;
    this.#drained ??= once(this.#lines, "drain").then(() => {
      this.#drained = undefined;
    });
    await this.#drained;
  }
}
