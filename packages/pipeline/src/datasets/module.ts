import { ContainerModule } from "inversify";
import { DATASET } from "./tokens.ts";
import { wordnetSupersense } from "./wordnet-supersense.ts";

export default new ContainerModule(({ bind }) => {
  bind(DATASET).toConstantValue(wordnetSupersense);
});
