import { type Graph, type Relation, relationWords, type Triple } from "@kgraft/kg";
import type { Tokenizer } from "@kgraft/text";
import type { KBertOptions } from "./options.ts";

/** A triple, or several that go on from tail to tail, as pieces: what hangs on its head in the text. */
export interface Branch {
  /** At least one. */
  readonly triples: readonly Triple[];
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

type BranchOptions = Pick<KBertOptions, "maxTriplesPerMention" | "depth" | "branchText" | "relations">;

type Piece = readonly [id: number, token: string];

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
    const tails = triples.map(({ tail }) => tail);
    await this.#graph.prefetch?.(tails, this.#options.depth > 1 ? "neighbourhoods" : "fields");
    const branches = new Map<string, Branch>();
    let [withoutText, relationsWithoutText] = [0, 0];
    for (const triple of triples) {
      if (branches.size === most) break;
      const chain = await this.#chain(triple);
      const relation = this.#options.branchText === "tail" ? [] : this.#pieces(this.#wordsOf(triple.relation));
      const pieces = [...relation];
      for (const { tail } of chain) pieces.push(...this.#pieces((await this.#graph.entity(tail))?.label ?? tail));
      const key = pieces.map(([id]) => id).join();
      if (pieces.length === 0) withoutText++;
      else if (!branches.has(key)) {
        branches.set(key, { triples: chain, ids: pieces.map(([id]) => id), tokens: pieces.map(([, token]) => token) });
        if (this.#options.branchText !== "tail" && relation.length === 0) relationsWithoutText++;
      }
    }
    return { branches: [...branches.values()], withoutText, relationsWithoutText };
  }

  /** A triple and those that go on from it by its relation; each entity at most once. */
  async #chain(first: Triple): Promise<readonly Triple[]> {
    const chain = [first];
    const passed = new Set([first.head]);
    for (let last = first; chain.length < this.#options.depth && !passed.has(last.tail); ) {
      passed.add(last.tail);
      const query = { direction: "out", relations: [first.relation], limit: 1 } as const;
      const [next] = await this.#graph.neighbours(last.tail, query);
      if (next === undefined || passed.has(next.tail)) break;
      chain.push(next);
      last = next;
    }
    return chain;
  }

  #wordsOf(relation: string): string {
    return this.#relationWords.get(relation) ?? relationWords(relation);
  }

  /** Cut as in the middle of a sentence: byte-level models tell a word behind a space from one at the start. */
  #pieces(words: string): readonly Piece[] {
    const { ids, tokens } = this.#tokenizer.encode(` ${words.trim()}`, undefined, { specialTokens: false });
    return tokens.map((token, piece) => [ids[piece] as number, token]);
  }
}
