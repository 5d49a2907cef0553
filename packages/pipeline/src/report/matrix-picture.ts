import { element, escaped, svg } from "./svg.ts";

/** Longest token that is written out, in characters. */
const longestToken = 12;
/** Tokens are written beside the matrix where there are at most this many. */
const mostNamed = 80;

/** Draws who sees whom as a square of cells, branches in another colour than the text. */
export function matrixPicture(
  tokens: readonly string[],
  visible: readonly (readonly number[])[],
  branches: readonly number[] | undefined,
): string {
  const cell = Math.max(3, Math.min(14, Math.floor(640 / Math.max(1, tokens.length))));
  const margin = tokens.length <= mostNamed ? longestToken * 7.5 : 4;
  const size = margin + tokens.length * cell;
  const colour = (row: number, column: number): string =>
    branches?.[row] === 0 && branches[column] === 0 ? "#4269d0" : "#ff725c";
  const parts: string[] = [];
  for (const [row, line] of visible.entries())
    for (const { from, to } of runs(line, (column) => colour(row, column))) {
      const [x, y] = [margin + from * cell, margin + row * cell];
      parts.push(element("rect", { x, y, width: (to - from) * cell - 1, height: cell - 1, fill: colour(row, from) }));
    }
  if (tokens.length <= mostNamed) parts.push(...names(tokens, margin, cell));
  return svg(size, size, `Visible matrix of ${tokens.length} pieces`, parts.join(""));
}

/** Stretches of neighbouring cells that are seen and have one colour: half-open. */
function* runs(
  line: readonly number[],
  colour: (column: number) => string,
): Generator<{ readonly from: number; readonly to: number }> {
  for (let from = 0; from < line.length; ) {
    if (line[from] === 0) {
      from++;
      continue;
    }
    let to = from + 1;
    while (line[to] === 1 && colour(to) === colour(from)) to++;
    yield { from, to };
    from = to;
  }
}

function names(tokens: readonly string[], margin: number, cell: number): string[] {
  return tokens.flatMap((token, index) => {
    const text = escaped(token.slice(0, longestToken));
    const middle = margin + (index + 0.5) * cell;
    const size = { "font-size": Math.min(12, cell) };
    return [
      element("text", { x: margin - 4, y: middle + 4, "text-anchor": "end", ...size }, text),
      element("text", { transform: `translate(${middle + 4} ${margin - 4}) rotate(-90)`, ...size }, text),
    ];
  });
}
