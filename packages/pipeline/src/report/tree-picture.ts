import { element, escaped, svg } from "./svg.ts";

/** Width of a character and height of a line, in pixels. */
const [character, line] = [7.4, 44];
const gap = 10;

/** What the picture is drawn from; all [T]. */
interface Tree {
  readonly tokens: readonly string[];
  /** 0 on the text, else the number of the branch. */
  readonly branches: readonly number[];
  readonly positions?: readonly number[] | undefined;
}

/** A stretch of pieces on one line of the picture. */
interface Row {
  readonly y: number;
  /** Where each piece begins, by its index. */
  readonly x: ReadonlyMap<number, number>;
  readonly end: number;
}

/** Draws the text on one line and each branch on a line below, joined to the piece that it hangs on. */
export function treePicture({ tokens, branches, positions }: Tree): string {
  const width = (piece: number): number => (tokens[piece] as string).length * character + gap;
  const text = rowOf(piecesOf(branches, 0), 0, 0, width);
  const parts = drawRow(text, { tokens, branches, positions });
  const ends: number[] = [];
  let widest = text.end;
  for (let branch = 1; branch <= Math.max(0, ...branches); branch++) {
    const pieces = piecesOf(branches, branch);
    const parent = parentOf(branches, pieces[0] as number);
    const from = (text.x.get(parent) as number) + width(parent) / 2;
    const free = ends.findIndex((end) => end + gap < from);
    const lane = free >= 0 ? free : ends.length;
    const row = rowOf(pieces, from + gap, (lane + 1) * line, width);
    ends[lane] = row.end;
    widest = Math.max(widest, row.end);
    const bend = `M${from} 26 V${row.y + 12} H${from + gap - 2}`;
    parts.push(
      element("path", { d: bend, fill: "none", stroke: "#ff725c" }),
      ...drawRow(row, { tokens, branches, positions }),
    );
  }
  const label = `${tokens.length} pieces with ${Math.max(0, ...branches)} branches`;
  return svg(Math.ceil(widest), (ends.length + 1) * line, label, parts.join(""));
}

function piecesOf(branches: readonly number[], branch: number): number[] {
  return branches.flatMap((own, piece) => (own === branch ? [piece] : []));
}

/** The piece of the text in front of a branch's first. */
function parentOf(branches: readonly number[], first: number): number {
  let piece = first;
  while (piece > 0 && branches[piece] !== 0) piece--;
  return piece;
}

function rowOf(pieces: readonly number[], start: number, y: number, width: (piece: number) => number): Row {
  const x = new Map<number, number>();
  let end = start;
  for (const piece of pieces) {
    x.set(piece, end);
    end += width(piece);
  }
  return { y, x, end };
}

function drawRow({ x, y }: Row, { tokens, positions }: Tree): string[] {
  return [...x].flatMap(([piece, at]) => [
    element("text", { x: at, y: y + 16 }, escaped(tokens[piece] as string)),
    ...(positions === undefined
      ? []
      : [element("text", { x: at, y: y + 30, "font-size": 9, opacity: 0.6 }, String(positions[piece]))]),
  ]);
}
