import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGraph, type Graph, type Neo4jOptions, neo4j } from "@kgraft/kg";
import { type Progress, silent } from "@kgraft/runtime";
import { Neo4jServer } from "./launch-server.ts";

/** Sizes of a made graph. */
export interface MadeSize {
  readonly entities: number;
  readonly triples: number;
}

function* entities({ entities: count }: MadeSize) {
  for (let i = 0; i < count; i++) yield { id: `e${i}`, label: `E ${i}`, aliases: [], types: [], properties: {} };
}

/** Triples, a quarter of them of one head, so that its triples take several pages. */
function* triples({ entities: count, triples }: MadeSize) {
  for (let i = 0; i < triples; i++) {
    const head = i % 4 === 0 ? 0 : i % count;
    yield { head: `e${head}`, relation: `R${i % 3}`, tail: `e${(i * 7 + Math.floor(i / count)) % count}` };
  }
}

/** Different triples of {@link madeGraph}, which are the relationships that Neo4j makes of it. */
export function distinctTriples(size: MadeSize): number {
  return new Set(Array.from(triples(size), ({ head, relation, tail }) => `${head} ${relation} ${tail}`)).size;
}

/** A graph of some pages. */
export function madeGraph(size: MadeSize): Promise<Graph> {
  return buildGraph("made", { entities: entities(size), triples: triples(size) });
}

/** A server of our own that is killed at work and started again, and what works on it. */
export class KilledWork {
  readonly server: Neo4jServer;
  readonly #scratch: string;
  readonly #restarts: Promise<void>[] = [];

  private constructor(server: Neo4jServer, scratch: string) {
    this.server = server;
    this.#scratch = scratch;
  }

  static async start(): Promise<KilledWork> {
    return new KilledWork(await Neo4jServer.start(), await mkdtemp(join(tmpdir(), "kgraft-neo4j-killed-")));
  }

  /** How often the server was killed. */
  get kills(): number {
    return this.#restarts.length;
  }

  options(more: object = {}): Neo4jOptions {
    const { url, user, password, database } = this.server;
    return neo4j.options.parse({
      ...{ url, user, password, database, snapshots: this.#scratch },
      entities: { label: "E", id: "id", text: "name" },
      ...{ pageRows: 500, readers: 3, retrySeconds: 120 },
      ...more,
    });
  }

  /** Kills the server, once, when a bar has passed a number, and starts it again. */
  killingAt(label: string, number: number): Progress {
    let killed = false;
    return {
      ...silent,
      bar: (name) => ({
        update: (done) => {
          if (killed || name !== label || done < number) return;
          killed = true;
          this.#restarts.push(this.server.kill().then(() => this.server.run()));
        },
        end: () => undefined,
      }),
    };
  }

  /** Reads a snapshot and gives its content's name. */
  async revision(progress: Progress = silent): Promise<string | undefined> {
    const { revision } = await neo4j.create(this.options({ refresh: true }), { progress });
    await this.whenBack();
    return revision;
  }

  /** Waits until the server is there again. */
  async whenBack(): Promise<void> {
    await Promise.all(this.#restarts);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.#scratch, { recursive: true, force: true });
  }
}
