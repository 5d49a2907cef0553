/** Signs without width of their own: soft hyphen, zero-width space and joiners, byte order mark, emoji presentation. */
export const zeroWidth = "\\u{ad}\\u{200b}-\\u{200d}\\u{2060}\\u{feff}\\u{fe0f}";

const invisible = new RegExp(`[${zeroWidth}]`, "gv");
const marked = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gu;
const dashes = /[\u2010-\u2015\u2212]/g;
const apostrophes = /[\u2019\u02bc]/g;
const ascii = /^[\0-\x7f]*$/;

/**
 * Gives the form under which the tokens of aliases and of text are compared: compatibility forms as their plain letters,
 * letters in one case (`ß` as `ss`, `ς` as `σ`), dashes and apostrophes as one, signs without width dropped.
 *
 * @param token one token of a text, of whole characters
 * @param accents whether the accents of Latin, Greek and Cyrillic letters count; marks of other scripts always do
 */
export function foldToken(token: string, accents: boolean): string {
  if (ascii.test(token)) return token.toLowerCase();
  const plain = token.normalize("NFKC").replace(invisible, "").replace(dashes, "-").replace(apostrophes, "'");
  const folded = Array.from(plain, foldCase).join("");
  return (accents ? folded : folded.normalize("NFD").replace(marked, "$1")).normalize("NFC");
}

/** By way of the capital, so that letters with several small forms meet; without context. */
function foldCase(character: string): string {
  return Array.from(character.toUpperCase(), (capital) => capital.toLowerCase()).join("");
}
