import { ContainerModule } from "inversify";
import { entityTyping } from "./entity-typing/entity-typing.ts";
import { mlm } from "./pretraining/mlm.ts";
import { OBJECTIVE, TASK } from "./tokens.ts";

export default new ContainerModule(({ bind }) => {
  bind(TASK).toConstantValue(entityTyping);
  bind(OBJECTIVE).toConstantValue(mlm);
});
