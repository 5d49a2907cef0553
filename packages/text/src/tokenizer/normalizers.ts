import { z } from "zod";
import { type AlignedText, AlignedTextBuilder, type Change } from "./aligned-text.ts";
import { decompose, decomposeCompatibly, isMark } from "./character-classes.ts";
import type { Locality, Normalizer } from "./components.ts";

export const replaceSchema = z.object({
  pattern: z.union([z.object({ String: z.string().min(1) }), z.object({ Regex: z.string().min(1) })]),
  content: z.string(),
});

/** Patterns that match nothing across a space between two words. */
const withinWords = /^(?: \{2,\}|[^ ]+)$/;

/**
 * Replaces what a pattern finds; all of the new text is aligned with the last character of the old.
 *
 * @throws SyntaxError where the pattern is none that this language knows
 */
export function replaceText({ pattern, content }: z.output<typeof replaceSchema>): Normalizer {
  const source = "String" in pattern ? pattern.String.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") : pattern.Regex;
  const found = new RegExp(source, "gu");
  const local: Locality = withinWords.test("String" in pattern ? pattern.String : pattern.Regex) ? "words" : "none";
  return { local, normalize: (text) => replaceMatches(text, found, content) };
}

/** Replaces every match; the new characters are aligned with the last old one. */
export function replaceMatches(source: AlignedText, pattern: RegExp, content: string): AlignedText {
  const { text, starts, ends } = source;
  const builder = new AlignedTextBuilder(text.length);
  let done = 0;
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (match === "") continue;
    builder.append(source.slice(done, index));
    done = index + match.length;
    builder.push(content, starts[done - 1] as number, ends[done - 1] as number);
  }
  if (done === 0) return source;
  builder.append(source.slice(done, text.length));
  return builder.done();
}

/** Lower-cases each character by itself. */
export const lowercase: Normalizer = { local: "ascii", normalize: (text) => mapped(text, (c) => c.toLowerCase()) };

/** Drops combining marks. */
export const stripAccents: Normalizer = {
  local: "words",
  normalize: (text) => mapped(text, (c, codePoint) => (isMark(codePoint) ? "" : c)),
};

/** Canonical and compatibility decomposition. */
export const nfd: Normalizer = { local: "words", normalize: (text) => decomposed(text, decompose, "NFD") };
export const nfkd: Normalizer = { local: "words", normalize: (text) => decomposed(text, decomposeCompatibly, "NFKD") };

/** One after the other. */
export function normalizerSequence(normalizers: readonly Normalizer[]): Normalizer {
  const order: readonly Locality[] = ["none", "words", "ascii"];
  const least = Math.min(order.length - 1, ...normalizers.map(({ local }) => order.indexOf(local)));
  return {
    local: order[least] as Locality,
    normalize: (source) => normalizers.reduce((text, normalizer) => normalizer.normalize(text), source),
  };
}

function mapped(source: AlignedText, rewrite: (character: string, codePoint: number) => string): AlignedText {
  const { text, starts, ends } = source;
  const builder = new AlignedTextBuilder(text.length);
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const character = String.fromCodePoint(codePoint);
    builder.push(rewrite(character, codePoint), starts[i] as number, ends[i] as number);
    i += character.length;
  }
  return builder.done();
}

/** Decomposes each character and puts marks in canonical order; a moved mark keeps what it says of its source. */
function decomposed(
  source: AlignedText,
  decomposition: (character: string, codePoint: number) => string,
  form: "NFD" | "NFKD",
): AlignedText {
  const changes: Change[] = [];
  for (const character of source.text)
    for (const [i, part] of [...decomposition(character, character.codePointAt(0) as number)].entries())
      changes.push({ character: part, change: i === 0 ? 0 : 1 });
  return source.transform(inCanonicalOrder(changes, form));
}

function inCanonicalOrder(changes: Change[], form: "NFD" | "NFKD"): Change[] {
  const text = changes.map(({ character }) => character).join("");
  const ordered = [...text.normalize(form)];
  if (ordered.length !== changes.length) return changes; // characters that only newer tables decompose
  const waiting: Change[] = [];
  let next = 0;
  return ordered.map((character, i) => {
    let found = waiting.findIndex((change) => change.character === character);
    while (found === -1 && next < changes.length) {
      found = waiting.push(changes[next++] as Change) - 1;
      if (waiting[found]?.character !== character) found = -1;
    }
    return found === -1 ? (changes[i] as Change) : (waiting.splice(found, 1)[0] as Change);
  });
}
