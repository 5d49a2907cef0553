export type { EncodeOptions, Encoding, Tokenizer } from "./encoding.ts";
export type { Candidate, Mention, TextExample, TextSpan } from "./example.ts";
export { loadTokenizer } from "./tokenizer/load-tokenizer.ts";
