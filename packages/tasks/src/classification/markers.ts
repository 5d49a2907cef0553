import type { TextExample, TextSpan } from "@kgraft/text";

/** Text to be put around a span. */
export interface Marks {
  readonly span: TextSpan;
  readonly before: string;
  readonly after: string;
}

/** Text to be put in at one place. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

/**
 * Puts marker text around spans and moves every span of the example with it. A mention that holds a marked span holds its
 * markers too; the marked span itself does not.
 *
 * @source ERNIE-THU's typing and relation scripts, which move the starts of links only
 */
export function markSpans(example: TextExample, marks: readonly Marks[]): TextExample {
  const insertions = inOrder(marks);
  const lengthOf = (all: readonly Insertion[]): number => all.reduce((sum, { text }) => sum + text.length, 0);
  const move = <Span extends TextSpan>(span: Span): Span => ({
    ...span,
    start: span.start + lengthOf(insertions.filter(({ at }) => at <= span.start)),
    end: span.end + lengthOf(insertions.filter(({ at }) => at < span.end)),
  });
  const { target, targets, mentions } = example;
  return {
    ...example,
    text: inserted(example.text, insertions),
    ...(target && { target: move(target) }),
    ...(targets && { targets: [move(targets[0]), move(targets[1])] as const }),
    ...(mentions && { mentions: mentions.map(move) }),
  };
}

/** Puts marker text around the target. */
export function markTarget(example: TextExample, [before, after]: readonly [string, string]): TextExample {
  return example.target === undefined ? example : markSpans(example, [{ span: example.target, before, after }]);
}

/** At one place: what closes a span, the inner first, then what opens one, the outer first. */
function inOrder(marks: readonly Marks[]): readonly Insertion[] {
  const size = ({ span }: Marks): number => span.end - span.start;
  const closing = marks.toSorted((a, b) => size(a) - size(b)).map(({ span, after }) => ({ at: span.end, text: after }));
  const opening = marks
    .toSorted((a, b) => size(b) - size(a))
    .map(({ span, before }) => ({ at: span.start, text: before }));
  return [...closing, ...opening].sort((a, b) => a.at - b.at);
}

function inserted(text: string, insertions: readonly Insertion[]): string {
  let result = "";
  let from = 0;
  for (const { at, text: marker } of insertions) {
    result += text.slice(from, at) + marker;
    from = at;
  }
  return result + text.slice(from);
}
