export { type Arm, parseArm } from "./arm.ts";
export { arrayOf, batchArrays, collateExamples, hiddenArray } from "./batch.ts";
export type * from "./contract.ts";
export { type Control, checkControl, controls, reads } from "./controls.ts";
export { defineFusion } from "./define-fusion.ts";
export { ernieThu } from "./ernie-thu/index.ts";
export { createFusedEncoder, type FusedEncoder } from "./fused-encoder.ts";
export { kAdapter } from "./k-adapter/index.ts";
export { kBert } from "./k-bert/index.ts";
export { kgBert, validityOf } from "./kg-bert/index.ts";
export { none } from "./none.ts";
export {
  type PreparedCorpus,
  type PreparedText,
  type PrepareOptions,
  prepareExamples,
} from "./prepared-text.ts";
export { stackFusions } from "./stack.ts";
export { checkStack } from "./stack-check.ts";
export { loadStoredParameters } from "./stored-parameters.ts";
export { FUSION } from "./tokens.ts";
export { wklm } from "./wklm/index.ts";
