import { ContainerModule } from "inversify";
import { entityTyping } from "./entity-typing/entity-typing.ts";
import { namedEntityRecognition } from "./named-entity-recognition/named-entity-recognition.ts";
import { mlm } from "./pretraining/mlm.ts";
import { relationClassification } from "./relation-classification/relation-classification.ts";
import { sentenceClassification } from "./sentence-classification/sentence-classification.ts";
import { OBJECTIVE, TASK } from "./tokens.ts";

export default new ContainerModule(({ bind }) => {
  bind(TASK).toConstantValue(entityTyping);
  bind(TASK).toConstantValue(relationClassification);
  bind(TASK).toConstantValue(sentenceClassification);
  bind(TASK).toConstantValue(namedEntityRecognition);
  bind(OBJECTIVE).toConstantValue(mlm);
});
