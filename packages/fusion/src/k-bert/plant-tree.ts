import type { Graph } from "@kgraft/kg";
import type { Encoding, TextExample } from "@kgraft/text";
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
 * Makes what turns text into its sentence tree.
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
    const official = options.truncation === "official";
    const trunk = official && plain.truncated > 0 ? tokenizer.encode(example.text, example.pair) : plain;
    if (options.lookup === "words") labels ??= LabelLookup.of(graph, options.relations);
    const counts: Record<string, number> = {};
    const found = labels === undefined ? ofMentions(example, trunk, counts) : ofLabels(example, trunk, await labels);
    const forks = await growForks(found, grower, counts, options.maxTriplesPerMention);
    const fitting = official ? forks : fittingForks(forks, maxLength - trunk.ids.length);
    const { places, encoding, triples, counts: laid } = flattenTree(trunk, fitting, maxLength);
    const grown = forks.reduce((sum, { branches }) => sum + branches.length, 0);
    addCount(counts, "branchesLeftOut", grown - triples.length);
    return { encoding, knowledge: places, triples, counts: { ...counts, ...laid } };
  };
}

function ofMentions(example: TextExample, trunk: Encoding, counts: Record<string, number>): readonly Occurrence[] {
  const { placed, counts: lost } = placeMentions(example.mentions ?? [], trunk);
  Object.assign(counts, lost);
  addCount(counts, "mentionsShortened", placed.filter(({ shortened }) => shortened).length);
  return placed.map(({ mention, pieces, index }) => ({ entities: [mention.entity], pieces, mention: index }));
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

/** The branches of all entities of one label together. */
async function branchesOf(
  entities: readonly string[],
  grower: BranchGrower,
  counts: Record<string, number>,
  most: number,
): Promise<readonly Branch[]> {
  const branches: Branch[] = [];
  for (const entity of entities) {
    const own = await grower.branchesOf(entity);
    addCount(counts, "branchesWithoutText", own.withoutText);
    addCount(counts, "relationsWithoutText", own.relationsWithoutText);
    branches.push(...own.branches);
  }
  return branches.slice(0, most);
}
