export { type BucketOptions, bucketBatches, type LengthBatch, paddedLength } from "./batching.ts";
export type { EncodeOptions, Encoding, Tokenizer } from "./encoding.ts";
export type { Candidate, Mention, TextExample, TextSpan, TripleTerm, TripleText } from "./example.ts";
export { exampleLine, parseExample, type ReadExamplesOptions, readExamples, writeExamples } from "./examples.ts";
export { type Masked, type MaskingOptions, maskPieces } from "./masking.ts";
export { type OffsetTable, offsetTable } from "./offsets.ts";
export {
  type PackedArrays,
  type PackedLayout,
  type PackedRow,
  type PackedSequence,
  type PackingOptions,
  packedArrays,
  packSequences,
} from "./packing.ts";
export { piecesOf } from "./spans.ts";
export { loadTokenizer } from "./tokenizer/load-tokenizer.ts";
