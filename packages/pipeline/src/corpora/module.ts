import { ContainerModule } from "inversify";
import { conllu } from "./conllu.ts";
import { fewrel } from "./fewrel.ts";
import { jsonl } from "./jsonl.ts";
import { text } from "./text.ts";
import { CORPUS } from "./tokens.ts";
import { tripleSentences } from "./triple-sentences.ts";
import { triples } from "./triples.ts";
import { wordnetText } from "./wordnet-text.ts";

export default new ContainerModule(({ bind }) => {
  bind(CORPUS).toConstantValue(conllu);
  bind(CORPUS).toConstantValue(fewrel);
  bind(CORPUS).toConstantValue(jsonl);
  bind(CORPUS).toConstantValue(text);
  bind(CORPUS).toConstantValue(tripleSentences);
  bind(CORPUS).toConstantValue(triples);
  bind(CORPUS).toConstantValue(wordnetText);
});
