export { type DictionaryOptions, dictionary } from "./dictionary.ts";
export type { Linker } from "./linker.ts";
export type { LinkerDefinition, LinkerResources } from "./linker-definition.ts";
export { type Link, type LinkedDocument, type LinkScores, type SpanMatch, scoreLinks } from "./scores.ts";
export type { Lemmatizer } from "./token-table.ts";
export { LINKER } from "./tokens.ts";
