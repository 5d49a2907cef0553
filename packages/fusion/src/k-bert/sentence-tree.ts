import type { Encoding } from "@kgraft/text";
import type { InjectedTriple } from "../contract.ts";
import { addCount } from "../mention-pieces.ts";
import type { Branch } from "./branches.ts";

/** A place of the text with its branches. */
export interface Fork {
  /** Its pieces of the trunk, ascending, at least one. */
  readonly pieces: readonly number[];
  readonly branches: readonly Branch[];
  /** The mention in the example's list; -1 for an occurrence of a label. */
  readonly mention: number;
}

/** The place of every piece in the tree; all int32 [T]. */
export interface TreePlaces {
  /** Counted along the tree: a branch goes on from the last piece of its word, so that siblings share positions. */
  readonly softPositions: Int32Array;
  /** 0 on the trunk, else the number of the branch from 1. */
  readonly branches: Int32Array;
  /** The number, from 1, of the word with branches that a piece of the trunk belongs to; else 0. */
  readonly words: Int32Array;
  /** The number of the word that a branch hangs on; -1 on the trunk. */
  readonly parents: Int32Array;
}

/** A sentence tree laid flat: what the model reads. */
export interface FlatTree {
  readonly encoding: Encoding;
  readonly places: TreePlaces;
  /** The triples of its branches, in their order. */
  readonly triples: readonly InjectedTriple[];
  /** `branches`, and `branchesCut`: 1 where the last one was cut short. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Chooses the branches that fit behind the trunk: the first of every fork in reading order, then the second of every fork,
 * and so on, each whole or not at all.
 *
 * @param room pieces that all branches together may take
 */
export function fittingForks(forks: readonly Fork[], room: number): readonly Fork[] {
  const kept = forks.map((): Branch[] => []);
  const most = Math.max(0, ...forks.map(({ branches }) => branches.length));
  let left = room;
  for (let rank = 0; rank < most; rank++)
    for (const [index, { branches }] of forks.entries()) {
      const branch = branches[rank];
      if (branch === undefined || branch.ids.length > left) continue;
      kept[index]?.push(branch);
      left -= branch.ids.length;
    }
  return forks.map((fork, index) => ({ ...fork, branches: kept[index] as Branch[] }));
}

/**
 * Lays a tree flat, depth first: the pieces of a word, its branches one after the other, the next word.
 *
 * @param maxLength longer trees are cut, text and branches alike
 * @source Official code, brain/knowgraph.py `add_knowledge_with_vm`
 */
export function flattenTree(trunk: Encoding, forks: readonly Fork[], maxLength: number): FlatTree {
  const flat = new FlatPieces(trunk);
  const wordOf = new Map(forks.flatMap(({ pieces }, index) => pieces.map((piece) => [piece, index + 1] as const)));
  const endingAt = new Map(forks.map((fork, index) => [fork.pieces.at(-1) as number, { fork, word: index + 1 }]));
  for (let piece = 0; piece < trunk.ids.length; piece++) {
    flat.addTrunk(piece, wordOf.get(piece) ?? 0);
    const ending = endingAt.get(piece);
    for (const branch of ending?.fork.branches ?? [])
      flat.addBranch(branch, { word: ending?.word as number, after: piece, mention: ending?.fork.mention as number });
  }
  return flat.cut(maxLength);
}

/** One piece of a flat tree. */
interface FlatPiece {
  readonly id: number;
  readonly token: string;
  /** Its place in the trunk; of a branch, that of the piece it goes on from. */
  readonly trunk: number;
  readonly position: number;
  readonly branch: number;
  readonly word: number;
  readonly parent: number;
}

class FlatPieces {
  readonly #trunk: Encoding;
  readonly #pieces: FlatPiece[] = [];
  readonly #triples: InjectedTriple[] = [];
  #branches = 0;

  constructor(trunk: Encoding) {
    this.#trunk = trunk;
  }

  addTrunk(piece: number, word: number): void {
    const { ids, tokens } = this.#trunk;
    const [id, token] = [ids[piece] as number, tokens[piece] as string];
    this.#pieces.push({ id, token, trunk: piece, position: piece, branch: 0, word, parent: -1 });
  }

  addBranch({ triples, ids, tokens }: Branch, at: { word: number; after: number; mention: number }): void {
    const branch = ++this.#branches;
    this.#triples.push(...triples.map((triple) => ({ ...triple, mention: at.mention, branch })));
    for (const [index, id] of ids.entries()) {
      const [token, position] = [tokens[index] as string, at.after + 1 + index];
      this.#pieces.push({ id, token, trunk: at.after, position, branch, word: 0, parent: at.word });
    }
  }

  cut(maxLength: number): FlatTree {
    const kept = this.#pieces.slice(0, maxLength);
    const gone = this.#pieces.slice(maxLength);
    const numbers = (value: (piece: FlatPiece) => number): Int32Array => Int32Array.from(kept, value);
    const branchesKept = kept.reduce((most, { branch }) => Math.max(most, branch), 0);
    const counts: Record<string, number> = {};
    addCount(counts, "branches", branchesKept);
    addCount(counts, "branchesCut", gone.some(({ branch }) => branch > 0 && branch === branchesKept) ? 1 : 0);
    return {
      encoding: this.#encoding(kept, gone.filter(({ branch }) => branch === 0).length),
      places: {
        softPositions: numbers(({ position }) => position),
        branches: numbers(({ branch }) => branch),
        words: numbers(({ word }) => word),
        parents: numbers(({ parent }) => parent),
      },
      triples: this.#triples.filter(({ branch }) => (branch as number) <= branchesKept),
      counts,
    };
  }

  /** Pieces of branches have no place in the text, and the segment of their word. */
  #encoding(pieces: readonly FlatPiece[], cutOff: number): Encoding {
    const { typeIds, starts, ends, wordIds, sequenceIds, truncated } = this.#trunk;
    const ofTrunk = (values: ArrayLike<number>, otherwise: number) => (piece: FlatPiece) =>
      piece.branch === 0 ? (values[piece.trunk] as number) : otherwise;
    return {
      ids: Int32Array.from(pieces, ({ id }) => id),
      tokens: pieces.map(({ token }) => token),
      typeIds: Int32Array.from(pieces, ({ trunk }) => typeIds[trunk] as number),
      starts: Int32Array.from(pieces, ofTrunk(starts, 0)),
      ends: Int32Array.from(pieces, ofTrunk(ends, 0)),
      wordIds: Int32Array.from(pieces, ofTrunk(wordIds, -1)),
      sequenceIds: Int8Array.from(pieces, ofTrunk(sequenceIds, -1)),
      truncated: truncated + cutOff,
    };
  }
}
