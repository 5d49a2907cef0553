import { ContainerModule } from "inversify";
import { entityTyping } from "./entity-typing/entity-typing.ts";
import { linkPrediction } from "./link-prediction/link-prediction.ts";
import { namedEntityRecognition } from "./named-entity-recognition/named-entity-recognition.ts";
import { objectives } from "./pretraining/objectives/objectives.ts";
import { relationClassification } from "./relation-classification/relation-classification.ts";
import { relationPrediction } from "./relation-prediction/relation-prediction.ts";
import { sentenceClassification } from "./sentence-classification/sentence-classification.ts";
import { OBJECTIVE, TASK } from "./tokens.ts";
import { tripleClassification } from "./triple-classification/triple-classification.ts";

export default new ContainerModule(({ bind }) => {
  bind(TASK).toConstantValue(entityTyping);
  bind(TASK).toConstantValue(relationClassification);
  bind(TASK).toConstantValue(sentenceClassification);
  bind(TASK).toConstantValue(namedEntityRecognition);
  bind(TASK).toConstantValue(linkPrediction);
  bind(TASK).toConstantValue(relationPrediction);
  bind(TASK).toConstantValue(tripleClassification);
  for (const objective of objectives) bind(OBJECTIVE).toConstantValue(objective);
});
