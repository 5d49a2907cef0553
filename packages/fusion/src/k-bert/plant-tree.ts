import type { Graph } from "@kgraft/kg";
import { InputError, suggestion } from "@kgraft/runtime";
import { type Encoding, piecesOf, type TextExample } from "@kgraft/text";
import type { Fusion, FusionResources } from "../contract.ts";
import { addCount, placeMentions } from "../mention-pieces.ts";
import { type Branch, BranchGrower } from "./branches.ts";
import { LabelLookup } from "./label-lookup.ts";
import type { KBertOptions } from "./options.ts";
import { type Fork, fittingForks, flattenTree, type TreePlaces } from "./sentence-tree.ts";

/** A place of the text where an entity was found. */
interface Occurrence {
  readonly entities: readonly string[];
  readonly pieces: readonly number[];
  /** -1 for an occurrence of a label. */
  readonly mention: number;
}

/**
 * Makes what turns text into its sentence tree; it throws InputError `fusion.k-bert.relations` where the graph lacks a relation
 * that the options name.
 *
 * Counts: `branches`, `branchesLeftOut` (no longer fitted), `branchesCut` (only in `official` truncation),
 * `branchesWithoutText`, `relationsWithoutText` (the branch is its tail alone); of mentions `mentions`, `mentionsCutOff`,
 * `mentionsWithoutPiece`, `mentionsShortened` (the branches hang on what is left of it), `mentionsWithoutBranch` (the entity
 * is head of no triple) and `mentionsOnTakenPiece`; of labels that were looked up `labels` and `labelsWithoutBranch`.
 */
export function treePlanter(
  options: KBertOptions,
  resources: FusionResources & { readonly graph: Graph },
): NonNullable<Fusion<TreePlaces>["prepare"]> {
  const { graph, relations = [], tokenizer } = resources;
  const grower = new BranchGrower(graph, relations, tokenizer, options);
  let labels: Promise<LabelLookup> | undefined;
  return async (example, plain, maxLength) => {
    checkRelations(options.relations, resources);
    const official = options.truncation === "official";
    const trunk = official && plain.truncated > 0 ? tokenizer.encode(example.text, example.pair) : plain;
    if (options.lookup === "words") labels ??= LabelLookup.of(graph, options.relations);
    const counts: Record<string, number> = {};
    const found =
      labels === undefined ? ofMentions(example, trunk, options, counts) : ofLabels(example, trunk, await labels);
    const wanted = options.at === "target" ? inTarget(found, example, trunk) : found;
    const forks = await growForks(wanted, grower, counts, options.maxTriplesPerMention);
    const fitting = official ? forks : fittingForks(forks, maxLength - trunk.ids.length);
    const { places, encoding, triples, counts: laid } = flattenTree(trunk, fitting, maxLength);
    const grown = forks.reduce((sum, { branches }) => sum + branches.length, 0);
    addCount(counts, "branchesLeftOut", grown - (laid.branches ?? 0));
    return { encoding, knowledge: places, triples, counts: { ...counts, ...laid } };
  };
}

/** Looked at with the first text and not before: a strategy is also put together where its own graph is not at hand. */
function checkRelations(stated: readonly string[] = [], { graph, relations }: FusionResources): void {
  const known = relations?.map(({ id }) => id) ?? stated;
  const unknown = stated.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new InputError({
    code: "fusion.k-bert.relations",
    at: "config.strategies.k-bert.relations",
    problem: `no relation "${unknown}" in ${graph?.source}`,
    wanted: `There are ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}`,
    fix: suggestion(unknown, known),
  });
}

function ofMentions(
  example: TextExample,
  trunk: Encoding,
  options: KBertOptions,
  counts: Record<string, number>,
): readonly Occurrence[] {
  const { placed, counts: lost } = placeMentions(example.mentions ?? [], trunk);
  Object.assign(counts, lost);
  addCount(counts, "mentionsShortened", placed.filter(({ shortened }) => shortened).length);
  return placed.map(({ mention: { entity, candidates = [] }, pieces, index }) => {
    const others = candidates.map((candidate) => candidate.entity).filter((candidate) => candidate !== entity);
    return { entities: [entity, ...others].slice(0, options.candidates), pieces, mention: index };
  });
}

/** The occurrences in the spans that the example is about; all where it is about none. */
function inTarget(
  found: readonly Occurrence[],
  { target, targets }: TextExample,
  trunk: Encoding,
): readonly Occurrence[] {
  const spans = [...(target === undefined ? [] : [target]), ...(targets ?? [])];
  if (spans.length === 0) return found;
  const within = new Set(spans.flatMap((span) => piecesOf(trunk, span)));
  return found.filter(({ pieces }) => pieces.some((piece) => within.has(piece)));
}

function ofLabels(example: TextExample, trunk: Encoding, labels: LabelLookup): readonly Occurrence[] {
  return labels.find(example, trunk).map((occurrence) => ({ ...occurrence, mention: -1 }));
}

/** Hangs branches on every occurrence that has any; where two share a piece the first keeps it. */
async function growForks(
  found: readonly Occurrence[],
  grower: BranchGrower,
  counts: Record<string, number>,
  most: number,
): Promise<readonly Fork[]> {
  await grower.expect(found.flatMap(({ entities }) => entities));
  const forks: Fork[] = [];
  const taken = new Set<number>();
  for (const { entities, pieces, mention } of found) {
    const kind = mention < 0 ? "labels" : "mentions";
    if (mention < 0) addCount(counts, kind);
    const branches = await branchesOf(entities, grower, counts, most);
    if (branches.length === 0) addCount(counts, `${kind}WithoutBranch`);
    else if (pieces.some((piece) => taken.has(piece))) addCount(counts, `${kind}OnTakenPiece`);
    else {
      forks.push({ pieces, branches, mention });
      for (const piece of pieces) taken.add(piece);
    }
  }
  return forks;
}

/** The branches of several entities: the first of each, then the second of each, and so on. */
async function branchesOf(
  entities: readonly string[],
  grower: BranchGrower,
  counts: Record<string, number>,
  most: number,
): Promise<readonly Branch[]> {
  const ranked: { readonly rank: number; readonly branch: Branch }[] = [];
  for (const entity of entities) {
    const own = await grower.branchesOf(entity);
    addCount(counts, "branchesWithoutText", own.withoutText);
    addCount(counts, "relationsWithoutText", own.relationsWithoutText);
    ranked.push(...own.branches.map((branch, rank) => ({ rank, branch })));
  }
  const distinct = new Map<string, Branch>();
  for (const { branch } of ranked.sort((a, b) => a.rank - b.rank)) {
    const words = branch.ids.join();
    if (distinct.size < most && !distinct.has(words)) distinct.set(words, branch);
  }
  return [...distinct.values()];
}
