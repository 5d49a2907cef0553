import type { HostArray } from "@kgraft/tensor";
import { type Encoding, piecesOf, type TextExample } from "@kgraft/text";
import type { BatchShape, PreparedExample } from "../contract.ts";
import { prefix } from "./parameters.ts";

/** What pre-training reads of a batch. */
export const arrays = {
  /** int32 [2 B], rows of the hidden states seen as [B·T, H]: the first pieces of all heads, then of all tails */
  relationPositions: `${prefix}/relation/positions`,
  /** int32 [B], index of the relation */
  relationLabels: `${prefix}/relation/labels`,
  /** float32 [B], 0 where a row has no relation */
  relationCounts: `${prefix}/relation/counts`,
  /** int32 [B·T], position of the governing word's first piece; 0, the start of the text, at the root */
  dependencyLabels: `${prefix}/dependency/labels`,
  /** float32 [B·T], 1 at the first piece of a word */
  dependencyCounts: `${prefix}/dependency/counts`,
} as const;

/** What an example teaches. */
export interface Targets {
  readonly relation?: { readonly head: number; readonly tail: number; readonly label: number } | undefined;
  /** First pieces of words, and of the words that govern them. */
  readonly dependencies: readonly { readonly piece: number; readonly head: number }[];
}

/** What the pre-training tasks of a model tell apart. */
export interface TargetClasses {
  /** Index of a relation by its id; undefined where no adapter learns relations. */
  readonly relations?: ReadonlyMap<string, number> | undefined;
  /** Positions that the dependency head tells apart; undefined where no adapter learns dependencies. */
  readonly positions?: number | undefined;
}

/**
 * Finds what an example teaches. Counts: `relations`, `relationsUnknown` (the graph has no such relation), `relationsCutOff`
 * (a target lies behind the length limit); `words`, `wordsBeyond` (they or their heads lie behind the length limit or the last
 * position that is told apart).
 *
 * @source official code of the linguistic adapter. Differs: there labels count words and inputs count pieces, so that every label
 *   behind the first word of several pieces stands at a wrong piece and pieces of one word are asked each; here the first piece of
 *   each word is asked for the first piece of its head
 */
export function findTargets(
  example: TextExample,
  encoding: Encoding,
  { relations, positions }: TargetClasses,
): PreparedExample<Targets> {
  const counts: Record<string, number> = {};
  const count = (name: string): undefined => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const relation = relations && findRelation(example, encoding, relations, count);
  const dependencies = positions === undefined ? [] : findDependencies(example, encoding, positions, count);
  return { encoding, knowledge: { relation, dependencies }, counts };
}

function findRelation(
  { targets, labels = [] }: TextExample,
  encoding: Encoding,
  relations: ReadonlyMap<string, number>,
  count: (name: string) => undefined,
): Targets["relation"] {
  const [id] = labels;
  if (targets === undefined || id === undefined) return undefined;
  const label = relations.get(id);
  const [head, tail] = targets.map((span) => piecesOf(encoding, span)[0]);
  count("relations");
  if (label === undefined) return count("relationsUnknown");
  if (head === undefined || tail === undefined) return count("relationsCutOff");
  return { head, tail, label };
}

function findDependencies(
  { dependencies = [] }: TextExample,
  encoding: Encoding,
  positions: number,
  count: (name: string) => undefined,
): Targets["dependencies"] {
  const first = dependencies.map((span) => piecesOf(encoding, span)[0]);
  return dependencies.flatMap(({ head: governor }, word) => {
    const piece = first[word];
    const head = governor === -1 ? 0 : first[governor];
    count("words");
    if (piece !== undefined && head !== undefined && head < positions) return [{ piece, head }];
    count("wordsBeyond");
    return [];
  });
}

/** Pads what a batch teaches. */
export function collateTargets(
  batch: readonly PreparedExample<Targets>[],
  shape: BatchShape,
  classes: TargetClasses,
): Readonly<Record<string, HostArray>> {
  return {
    ...(classes.relations && relationArrays(batch, shape)),
    ...(classes.positions !== undefined && dependencyArrays(batch, shape)),
  };
}

function relationArrays(
  batch: readonly PreparedExample<Targets>[],
  { rows, length }: BatchShape,
): Record<string, HostArray> {
  const positions = new Int32Array(2 * rows);
  const labels = new Int32Array(rows);
  const counts = new Float32Array(rows);
  for (const [row, { knowledge }] of batch.entries()) {
    const { head = 0, tail = 0, label = 0 } = knowledge.relation ?? {};
    positions[row] = row * length + head;
    positions[rows + row] = row * length + tail;
    labels[row] = label;
    counts[row] = knowledge.relation === undefined ? 0 : 1;
  }
  return {
    [arrays.relationPositions]: { dtype: "int32", shape: [2 * rows], data: positions },
    [arrays.relationLabels]: { dtype: "int32", shape: [rows], data: labels },
    [arrays.relationCounts]: { dtype: "float32", shape: [rows], data: counts },
  };
}

function dependencyArrays(
  batch: readonly PreparedExample<Targets>[],
  { rows, length }: BatchShape,
): Record<string, HostArray> {
  const labels = new Int32Array(rows * length);
  const counts = new Float32Array(rows * length);
  for (const [row, { knowledge }] of batch.entries())
    for (const { piece, head } of knowledge.dependencies) {
      labels[row * length + piece] = head;
      counts[row * length + piece] = 1;
    }
  return {
    [arrays.dependencyLabels]: { dtype: "int32", shape: [labels.length], data: labels },
    [arrays.dependencyCounts]: { dtype: "float32", shape: [counts.length], data: counts },
  };
}
