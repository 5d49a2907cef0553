import { type Graph, type Relation, relationWords, type Triple } from "@kgraft/kg";
import type { Tokenizer } from "@kgraft/text";
import type { KBertOptions } from "./options.ts";

/** A triple as pieces: what hangs on its head in the text. */
export interface Branch {
  readonly triple: Triple;
  /** At least one. */
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

/** The branches of an entity, and what was left out of them. */
export interface EntityBranches {
  /** Distinct in their pieces, in the graph's order. */
  readonly branches: readonly Branch[];
  /** Triples whose words have no piece. */
  readonly withoutText: number;
  /** Branches that are their tail alone, since their relation has no words. */
  readonly relationsWithoutText: number;
}

type BranchOptions = Pick<KBertOptions, "maxTriplesPerMention" | "branchText" | "relations">;

/** Most entities whose branches are remembered. */
const mostRemembered = 1 << 16;

/** Grows branches from entities: the triples that they are the head of, in words. */
export class BranchGrower {
  readonly #graph: Graph;
  readonly #tokenizer: Tokenizer;
  readonly #options: BranchOptions;
  readonly #relationWords: ReadonlyMap<string, string>;
  readonly #grown = new Map<string, EntityBranches>();

  constructor(graph: Graph, relations: readonly Relation[], tokenizer: Tokenizer, options: BranchOptions) {
    this.#graph = graph;
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#relationWords = new Map(relations.map(({ id, label }) => [id, label]));
  }

  /** Says whose branches will be asked for soon. */
  async expect(entities: Iterable<string>): Promise<void> {
    await this.#graph.prefetch?.([...new Set(entities)].filter((entity) => !this.#grown.has(entity)));
  }

  /** The branches of an entity; none for one that the graph does not have, or that is head of no triple. */
  async branchesOf(entity: string): Promise<EntityBranches> {
    const known = this.#grown.get(entity);
    if (known !== undefined) return known;
    if (this.#grown.size >= mostRemembered) this.#grown.clear();
    const grown = await this.#grow(entity);
    this.#grown.set(entity, grown);
    return grown;
  }

  /** Asks for more triples as long as those that were given come to fewer different branches than wanted. */
  async #grow(entity: string): Promise<EntityBranches> {
    const { maxTriplesPerMention: most, relations } = this.#options;
    for (let limit = most; ; limit *= 4) {
      const triples = await this.#graph.neighbours(entity, {
        direction: "out",
        limit,
        ...(relations && { relations }),
      });
      const found = await this.#distinct(triples, most);
      if (found.branches.length === most || triples.length < limit) return found;
    }
  }

  async #distinct(triples: readonly Triple[], most: number): Promise<EntityBranches> {
    await this.#graph.prefetch?.(triples.map(({ tail }) => tail));
    const branches = new Map<string, Branch>();
    let [withoutText, relationsWithoutText] = [0, 0];
    for (const triple of triples) {
      if (branches.size === most) break;
      const relation = this.#options.branchText === "tail" ? [] : this.#pieces(this.#wordsOf(triple.relation));
      const tail = this.#pieces((await this.#graph.entity(triple.tail))?.label ?? triple.tail);
      const pieces = [...relation, ...tail];
      const key = pieces.map(([id]) => id).join();
      if (pieces.length === 0) withoutText++;
      else if (!branches.has(key)) {
        branches.set(key, { triple, ids: pieces.map(([id]) => id), tokens: pieces.map(([, token]) => token) });
        if (this.#options.branchText !== "tail" && relation.length === 0) relationsWithoutText++;
      }
    }
    return { branches: [...branches.values()], withoutText, relationsWithoutText };
  }

  #wordsOf(relation: string): string {
    return this.#relationWords.get(relation) ?? relationWords(relation);
  }

  /** Cut as in the middle of a sentence: byte-level models tell a word behind a space from one at the start. */
  #pieces(words: string): readonly (readonly [id: number, token: string])[] {
    const { ids, tokens } = this.#tokenizer.encode(` ${words.trim()}`, undefined, { specialTokens: false });
    return tokens.map((token, piece) => [ids[piece] as number, token]);
  }
}
