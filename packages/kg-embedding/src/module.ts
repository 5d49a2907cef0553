import { ContainerModule } from "inversify";
import { complex, distmult, rotate, transe } from "./models/index.ts";
import { KG_EMBEDDING } from "./tokens.ts";

/** Binds the built-in embedding models. */
export default new ContainerModule(({ bind }) => {
  for (const model of [transe, distmult, complex, rotate]) bind(KG_EMBEDDING).toConstantValue(model);
});
