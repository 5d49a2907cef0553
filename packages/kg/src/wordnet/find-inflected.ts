/** A word with inner hyphens, points and apostrophes. */
const word = /[\p{L}\p{N}]+(?:[-.'’][\p{L}\p{N}]+)*/gu;

/**
 * Finds the first place in a text, longest first, where a form of one of the lemmas stands.
 *
 * @param lemmas in lower case, several words with spaces
 * @param lemmasOf gives the lemmas that a word or several (with spaces) may be a form of
 * @returns half-open, UTF-16 units; undefined where there is none
 */
export function findInflected(
  text: string,
  lemmas: ReadonlySet<string>,
  lemmasOf: (form: string) => readonly string[],
): { start: number; end: number } | undefined {
  const words = [...text.matchAll(word)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
  const longest = Math.max(...[...lemmas].map((lemma) => lemma.split(" ").length));
  for (const [first, { start }] of words.entries()) {
    for (let count = Math.min(longest, words.length - first); count >= 1; count--) {
      const { end } = words[first + count - 1] as { start: number; end: number };
      for (const form of formsOf(text.slice(start, end)))
        if (lemmasOf(form).some((lemma) => lemmas.has(lemma))) return { start, end: start + form.length };
    }
  }
  return undefined;
}

/** A span as it stands, and without a possessive ending. */
function formsOf(span: string): readonly string[] {
  const owner = span.replace(/['’]s$/i, "");
  return owner === span ? [span] : [span, owner];
}
