import { ContainerModule } from "inversify";
import { fewrel } from "./fewrel.ts";
import { kBertClassification, kBertNer } from "./k-bert-tables.ts";
import { openEntity } from "./open-entity.ts";
import { DATASET } from "./tokens.ts";
import { wordnetSupersense } from "./wordnet-supersense.ts";

export default new ContainerModule(({ bind }) => {
  for (const dataset of [fewrel, kBertClassification, kBertNer, openEntity, wordnetSupersense])
    bind(DATASET).toConstantValue(dataset);
});
