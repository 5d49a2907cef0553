import { ContainerModule } from "inversify";
import { folder } from "./folder.ts";
import { graphologyJson } from "./graphology-json.ts";
import { neo4j } from "./neo4j/index.ts";
import { GRAPH } from "./tokens.ts";
import { tsv } from "./tsv.ts";
import { wordnet } from "./wordnet/index.ts";

/** Binds the graph adapters of this package. */
export default new ContainerModule(({ bind }) => {
  for (const adapter of [folder, graphologyJson, neo4j, tsv, wordnet]) bind(GRAPH).toConstantValue(adapter);
});
