import { ContainerModule } from "inversify";
import { dictionary } from "./dictionary.ts";
import { LINKER } from "./tokens.ts";

/** Binds the linkers of this package. */
export default new ContainerModule(({ bind }) => {
  bind(LINKER).toConstantValue(dictionary);
});
