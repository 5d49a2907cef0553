import type { TextSpan } from "../example.ts";

const segmenters = new Map<string, Intl.Segmenter>();

/** The lines of a text that are not blank, without white space at their ends. */
export function lineSpans(text: string): TextSpan[] {
  const spans: TextSpan[] = [];
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    pushTrimmed(spans, text, start, end);
    start = end + 1;
  }
  return spans;
}

/**
 * The sentences of a text by Unicode's rules, each within one line, without white space at their ends.
 *
 * @param language BCP 47
 * @source Unicode Standard Annex 29, sentence boundaries, as Node's ICU has them; an abbreviation's full stop may end one
 */
export function sentenceSpans(text: string, language = "en"): TextSpan[] {
  let segmenter = segmenters.get(language);
  if (segmenter === undefined) {
    segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
    segmenters.set(language, segmenter);
  }
  const spans: TextSpan[] = [];
  for (const line of lineSpans(text))
    for (const { segment, index } of segmenter.segment(text.slice(line.start, line.end)))
      pushTrimmed(spans, text, line.start + index, line.start + index + segment.length);
  return spans;
}

function pushTrimmed(spans: TextSpan[], text: string, start: number, end: number): void {
  const piece = text.slice(start, end);
  const trimmed = piece.trim();
  if (trimmed === "") return;
  const from = start + piece.indexOf(trimmed);
  spans.push({ start: from, end: from + trimmed.length });
}
