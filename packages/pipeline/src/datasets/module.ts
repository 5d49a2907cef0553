import { ContainerModule } from "inversify";
import { fewrel } from "./fewrel.ts";
import { graphTriples } from "./graph-triples.ts";
import { kBertClassification, kBertNer } from "./k-bert-tables.ts";
import { openEntity } from "./open-entity.ts";
import { DATASET } from "./tokens.ts";
import { nations, umls, wn18rr } from "./triple-benchmarks.ts";
import { wordnetSupersense } from "./wordnet-supersense.ts";

export default new ContainerModule(({ bind }) => {
  for (const dataset of [
    fewrel,
    graphTriples,
    kBertClassification,
    kBertNer,
    nations,
    openEntity,
    umls,
    wn18rr,
    wordnetSupersense,
  ])
    bind(DATASET).toConstantValue(dataset);
});
