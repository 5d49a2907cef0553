import { ContainerModule } from "inversify";
import { codex } from "./codex.ts";
import { fewrel } from "./fewrel/fewrel.ts";
import { folder } from "./folder.ts";
import { graphologyJson } from "./graphology-json.ts";
import { neo4j } from "./neo4j/index.ts";
import { rdf } from "./rdf/rdf.ts";
import { spo } from "./spo.ts";
import { GRAPH } from "./tokens.ts";
import { tsv } from "./tsv.ts";
import { wordnet } from "./wordnet/index.ts";

/** Binds the graph adapters of this package. */
export default new ContainerModule(({ bind }) => {
  for (const adapter of [codex, fewrel, folder, graphologyJson, neo4j, rdf, spo, tsv, wordnet])
    bind(GRAPH).toConstantValue(adapter);
});
