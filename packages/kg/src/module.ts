import { ContainerModule } from "inversify";
import { GRAPH } from "./tokens.ts";
import { wordnet } from "./wordnet/index.ts";

/** Binds the graph adapters of this package. */
export default new ContainerModule(({ bind }) => {
  bind(GRAPH).toConstantValue(wordnet);
});
