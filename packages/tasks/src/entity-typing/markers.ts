import type { TextExample, TextSpan } from "@kgraft/text";

/**
 * Puts marker text around the target and moves every span with it. A mention that holds the target holds the markers too;
 * the target itself does not.
 *
 * @source ERNIE-THU's typing script, which moves the starts of links only
 */
export function markTarget(example: TextExample, [before, after]: readonly [string, string]): TextExample {
  const { text, target } = example;
  if (target === undefined) return example;
  const { start, end } = target;
  const moveStart = (at: number): number => at + (at >= start ? before.length : 0) + (at >= end ? after.length : 0);
  const moveEnd = (at: number): number => at + (at > start ? before.length : 0) + (at > end ? after.length : 0);
  const move = <Span extends TextSpan>(span: Span): Span => ({
    ...span,
    start: moveStart(span.start),
    end: moveEnd(span.end),
  });
  return {
    ...example,
    text: text.slice(0, start) + before + text.slice(start, end) + after + text.slice(end),
    target: { start: start + before.length, end: end + before.length },
    ...(example.mentions && { mentions: example.mentions.map(move) }),
  };
}
