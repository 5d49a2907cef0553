export { loadMorphy, Morphy, type MorphyLists } from "./morphy.ts";
export { lexicographerFiles, type PartOfSpeech, partsOfSpeech } from "./parts-of-speech.ts";
export { type WordnetRelation, wordnetRelations } from "./relations.ts";
export { aliasWeight } from "./sense-index.ts";
export {
  type SupersenseExample,
  type SupersenseOptions,
  type SupersensePart,
  supersenseExamples,
  wordnetText,
} from "./supersense-examples.ts";
export { type WordnetOptions, wordnet } from "./wordnet.ts";
