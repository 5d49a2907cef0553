export { type BucketOptions, bucketBatches, type LengthBatch, paddedLength } from "./batching.ts";
export { readConllu } from "./conllu.ts";
export { type Corpus, type OpenCorpusOptions, openCorpus } from "./corpus/corpus.ts";
export { type CorpusDocument, type CorpusOptions, type CorpusPosition, corpusStart } from "./corpus/document.ts";
export { permutedOrder } from "./corpus/permuted-order.ts";
export { type CorpusRecord, readCorpus } from "./corpus/read-corpus.ts";
export { sentenceSpans } from "./corpus/sentences.ts";
export type { EncodeOptions, Encoding, Tokenizer, WindowOptions } from "./encoding.ts";
export type {
  Candidate,
  Dependency,
  LabelledSpan,
  Mention,
  TextExample,
  TextSpan,
  TripleTerm,
  TripleText,
} from "./example.ts";
export { exampleLine, parseExample, type ReadExamplesOptions, readExamples, writeExamples } from "./examples.ts";
export { type Masked, type MaskingOptions, maskPieces } from "./masking/mask-pieces.ts";
export type { PieceSpan } from "./masking/units.ts";
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
export { type SentencePair, type SentencePairOptions, sentencePairs } from "./pairs/sentence-pairs.ts";
export { type TranslationLayout, translationLayout } from "./pairs/translation-pairs.ts";
export { piecesOf } from "./spans.ts";
export { loadTokenizer } from "./tokenizer/load-tokenizer.ts";
export { specialPieces, type WordPieceFileOptions, wordPieceFile } from "./tokenizer/word-piece-file.ts";
export { type TrainWordPieceOptions, trainWordPiece } from "./vocabulary-training/train-word-piece.ts";
