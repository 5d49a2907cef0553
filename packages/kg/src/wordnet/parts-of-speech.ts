/** The parts of speech that WordNet has, named as its files are, in the order of its own programs. */
export const partsOfSpeech = ["noun", "verb", "adj", "adv"] as const;

/** A part of speech: the ending of WordNet's file names. */
export type PartOfSpeech = (typeof partsOfSpeech)[number];

/** The letter of a part of speech in pointers and in our entity ids; satellite adjectives are adjectives. */
export const letterOf: Readonly<Record<PartOfSpeech, string>> = { noun: "n", verb: "v", adj: "a", adv: "r" };

/**
 * Names of the lexicographer files ("supersenses"), by their number.
 *
 * @source WordNet's lexnames(5WN)
 */
export const lexicographerFiles = [
  "adj.all",
  "adj.pert",
  "adv.all",
  "noun.Tops",
  "noun.act",
  "noun.animal",
  "noun.artifact",
  "noun.attribute",
  "noun.body",
  "noun.cognition",
  "noun.communication",
  "noun.event",
  "noun.feeling",
  "noun.food",
  "noun.group",
  "noun.location",
  "noun.motive",
  "noun.object",
  "noun.person",
  "noun.phenomenon",
  "noun.plant",
  "noun.possession",
  "noun.process",
  "noun.quantity",
  "noun.relation",
  "noun.shape",
  "noun.state",
  "noun.substance",
  "noun.time",
  "verb.body",
  "verb.change",
  "verb.cognition",
  "verb.communication",
  "verb.competition",
  "verb.consumption",
  "verb.contact",
  "verb.creation",
  "verb.emotion",
  "verb.motion",
  "verb.perception",
  "verb.possession",
  "verb.social",
  "verb.stative",
  "verb.weather",
  "adj.ppl",
] as const;
