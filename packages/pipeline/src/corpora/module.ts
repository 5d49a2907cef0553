import { ContainerModule } from "inversify";
import { fewrel } from "./fewrel.ts";
import { jsonl } from "./jsonl.ts";
import { CORPUS } from "./tokens.ts";
import { triples } from "./triples.ts";
import { wordnetText } from "./wordnet-text.ts";

export default new ContainerModule(({ bind }) => {
  bind(CORPUS).toConstantValue(fewrel);
  bind(CORPUS).toConstantValue(jsonl);
  bind(CORPUS).toConstantValue(triples);
  bind(CORPUS).toConstantValue(wordnetText);
});
