import type { Mention, TextExample, TextSpan } from "@kgraft/text";

/** Another entity for a mention, and how it is written. */
export interface Replacement {
  readonly entity: string;
  readonly name: string;
}

/**
 * Writes replacements into an example's text and counts all offsets anew on it. A replaced mention carries its new entity
 * alone, and says which it `replaces`. A span that begins or ends inside a replaced mention is stretched to its whole.
 *
 * @param mentions as {@link TextExample.mentions}, replaced ones overlapping no other
 * @param replacements by mention
 */
export function rebuildText(
  example: TextExample,
  mentions: readonly Mention[],
  replacements: ReadonlyMap<Mention, Replacement>,
): TextExample {
  const edits = [...replacements]
    .map(([{ start, end }, { name }]) => ({ start, end, name }))
    .sort((a, b) => a.start - b.start);
  const moved = <Span extends TextSpan>(span: Span): Span => ({ ...span, ...movedSpan(span, edits) });
  let text = "";
  let written = 0;
  for (const { start, end, name } of edits) {
    text += example.text.slice(written, start) + name;
    written = end;
  }
  return {
    ...example,
    text: text + example.text.slice(written),
    mentions: mentions.map((mention) => {
      const other = replacements.get(mention);
      if (other === undefined) return moved(mention);
      return { ...movedSpan(mention, edits), entity: other.entity, replaces: mention.entity };
    }),
    ...(example.target && { target: moved(example.target) }),
    ...(example.targets && { targets: [moved(example.targets[0]), moved(example.targets[1])] as const }),
  };
}

interface Edit extends TextSpan {
  readonly name: string;
}

function movedSpan({ start, end }: TextSpan, edits: readonly Edit[]): TextSpan {
  let [newStart, newEnd] = [start, end];
  for (const edit of edits) {
    const grown = edit.name.length - (edit.end - edit.start);
    if (edit.end <= start) newStart += grown;
    else if (edit.start < start) newStart -= start - edit.start;
    if (edit.end <= end) newEnd += grown;
    else if (edit.start < end) newEnd += edit.end - end + grown;
  }
  return { start: newStart, end: newEnd };
}
