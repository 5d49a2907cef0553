/** A gloss taken apart. */
export interface Gloss {
  /** The gloss without its examples. */
  readonly definition: string;
  /** The quoted sentences, without quotation marks and authors. */
  readonly examples: readonly string[];
}

/** A quoted part that stands by itself: after a semicolon, colon or other example; an author may follow it. */
const example = /(?:^|[;:]|(?<="))\s*"([^"]*)"(?:\s*[-(][^;"]*)?(?=\s*(?:[;"]|$))/g;

/** Takes a gloss apart; a quotation inside the definition stays where it is. */
export function parseGloss(gloss: string): Gloss {
  const examples: string[] = [];
  const rest = gloss.trim().replace(example, (_, sentence: string) => {
    if (sentence.trim() !== "") examples.push(sentence.trim());
    return "";
  });
  return { definition: rest.replace(/^[;:\s]+|[;:\s]+$/g, ""), examples };
}
