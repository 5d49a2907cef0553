import { join } from "node:path";
import type { Graph, GraphDefinition } from "@kgraft/kg";
import type { TextExample } from "@kgraft/text";
import type { CellRequest } from "./cell-run.ts";
import { ReadAheadGraph } from "./graphs/read-ahead.ts";
import { Provenance, type ProvenanceLine } from "./provenance.ts";

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

  /**
   * Opens the graph where it is read, or kept in a database: of one that stays there the neighbourhoods are fetched ahead.
   *
   * @param isRead whether a strategy reads it
   */
  static async open(request: CellRequest, isRead: boolean): Promise<CellKnowledge> {
    const { config, graph } = request.shared;
    const { remote = false } = (config.graph?.definition ?? {}) as Partial<GraphDefinition<unknown>>;
    return new CellKnowledge(request, isRead, isRead || remote ? await graph() : undefined);
  }

  /** Says which examples a stage is going to read, in their order. */
  begin(stage: ProvenanceLine["stage"], examples: Iterable<TextExample> | AsyncIterable<TextExample>): void {
    if (this.provenance !== undefined) this.provenance.stage = stage;
    this.#ahead?.expect(examples);
  }
}
