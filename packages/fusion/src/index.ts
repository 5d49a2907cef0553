export { batchArrays, collateExamples } from "./batch.ts";
export type * from "./contract.ts";
export { defineFusion } from "./define-fusion.ts";
export { arrayOf, createFusedEncoder, type FusedEncoder } from "./fused-encoder.ts";
export { none } from "./none.ts";
export {
  type PreparedCorpus,
  type PreparedText,
  type PrepareOptions,
  piecesOfSpan,
  prepareExamples,
} from "./prepared-text.ts";
export { FUSION } from "./tokens.ts";
