import type { ObjectiveDefinition } from "../../contract.ts";
import { causalLm } from "./causal-lm.ts";
import { entityMasking } from "./entity-masking.ts";
import { mlm } from "./mlm.ts";
import { nsp } from "./nsp.ts";
import { rtd } from "./rtd.ts";
import { sop } from "./sop.ts";
import { span } from "./span.ts";
import { structBert } from "./struct-bert.ts";
import { tlm } from "./tlm.ts";
import { wholeWord } from "./whole-word.ts";

/** The objectives of this package. */
export const objectives = [
  causalLm,
  entityMasking,
  mlm,
  nsp,
  rtd,
  sop,
  span,
  structBert,
  tlm,
  wholeWord,
] as readonly ObjectiveDefinition[];
