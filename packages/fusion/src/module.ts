import { ContainerModule } from "inversify";
import { ernieThu } from "./ernie-thu/index.ts";
import { kAdapter } from "./k-adapter/index.ts";
import { kBert } from "./k-bert/index.ts";
import { kgBert } from "./kg-bert/index.ts";
import { none } from "./none.ts";
import { FUSION } from "./tokens.ts";
import { wklm } from "./wklm/index.ts";

/** The strategies of this package. A third-party package has the same kind of default export. */
export default new ContainerModule(({ bind }) => {
  bind(FUSION).toConstantValue(none);
  bind(FUSION).toConstantValue(ernieThu);
  bind(FUSION).toConstantValue(kAdapter);
  bind(FUSION).toConstantValue(kBert);
  bind(FUSION).toConstantValue(kgBert);
  bind(FUSION).toConstantValue(wklm);
});
