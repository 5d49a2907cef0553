import type { TreePlaces } from "./sentence-tree.ts";

/**
 * Says whether a piece sees another: the text sees itself, a branch itself, and a word its branches and they it.
 *
 * @source Liu et al., AAAI 2020, section 3.3; official code, brain/knowgraph.py
 */
function sees({ branches, words, parents }: TreePlaces, piece: number, other: number): boolean {
  return branches[piece] === branches[other] || words[piece] === parents[other] || parents[piece] === words[other];
}

/** Who sees whom in an example, as T rows of T zeros and ones: symmetric. */
export function visibleRows(places: TreePlaces): number[][] {
  const pieces = [...places.branches.keys()];
  return pieces.map((piece) => pieces.map((other) => (sees(places, piece, other) ? 1 : 0)));
}

/**
 * The visible matrices of a batch, on the host: cheaper than three numbers a piece that the device compares, by far on wasm.
 *
 * @param length T; padding sees nothing and is not seen
 * @returns [B, T, T], row-major
 */
export function visibleMatrices(batch: readonly TreePlaces[], rows: number, length: number): Uint8Array {
  const visible = new Uint8Array(rows * length * length);
  for (const [row, places] of batch.entries()) {
    const count = places.branches.length;
    for (let piece = 0; piece < count; piece++) {
      const start = (row * length + piece) * length;
      for (let other = 0; other < count; other++) if (sees(places, piece, other)) visible[start + other] = 1;
    }
  }
  return visible;
}
