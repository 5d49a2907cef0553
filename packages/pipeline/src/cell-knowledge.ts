import { join } from "node:path";
import type { Graph, GraphDefinition } from "@kgraft/kg";
import type { TextExample } from "@kgraft/text";
import type { CellRequest } from "./cell-run.ts";
import { ReadAheadGraph } from "./graphs/read-ahead.ts";
import { Provenance, type ProvenanceLine } from "./provenance.ts";
import { armGraph } from "./stages/arm-resources.ts";

/** The graph as an arm's strategies read it, and a list of what they take from it. */
export class CellKnowledge {
  /** There where a strategy reads it. */
  readonly graph: Graph | undefined;
  readonly provenance: Provenance | undefined;
  readonly #ahead: ReadAheadGraph | undefined;

  private constructor(request: CellRequest, isRead: boolean, opened: Graph | undefined) {
    const { shared, folder } = request;
    const { graph, report } = shared.config;
    this.#ahead = opened?.prefetch === undefined ? undefined : new ReadAheadGraph(opened);
    const read = this.#ahead ?? opened;
    this.graph = isRead ? read : undefined;
    if (graph !== undefined && report.provenance)
      this.provenance = new Provenance(join(folder, "provenance.jsonl.gz"), async () => read ?? shared.graph());
  }

  /** Opens the graph where it is read, or kept in a database: of one that stays there the neighbourhoods are fetched ahead. */
  static async open(request: CellRequest): Promise<CellKnowledge> {
    const { shared, arm, seed } = request;
    const read = await armGraph(shared, arm, seed);
    const { remote = false } = (shared.config.graph?.definition ?? {}) as Partial<GraphDefinition<unknown>>;
    return new CellKnowledge(request, read !== undefined, read ?? (remote ? await shared.graph() : undefined));
  }

  /** Says which examples a stage is going to read, in their order. */
  begin(stage: ProvenanceLine["stage"], examples: Iterable<TextExample> | AsyncIterable<TextExample>): void {
    if (this.provenance !== undefined) this.provenance.stage = stage;
    this.#ahead?.expect(examples);
  }
}
