import type { Candidate } from "@kgraft/text";
import type { AliasIndex } from "./alias-index.ts";

const mostCachedLists = 1 << 16;

/** How priors are made of weights, and how many candidates are kept; see the options of `dictionary`. */
export interface PriorOptions {
  /** Added to every candidate's weight. */
  readonly smoothing: number;
  /** Most candidates of a mention. */
  readonly maxCandidates: number;
}

/** Turns the aliases of a mention into candidates with priors that sum to 1 before the list is cut. */
export class CandidateLists {
  readonly #index: AliasIndex;
  readonly #entityIds: readonly string[];
  readonly #options: PriorOptions;
  readonly #cache = new Map<string | number, readonly Candidate[]>();

  constructor(index: AliasIndex, entityIds: readonly string[], options: PriorOptions) {
    this.#index = index;
    this.#entityIds = entityIds;
    this.#options = options;
  }

  /**
   * Lists the entities that a mention may mean, best first; equals by id.
   *
   * @param aliases what matches the mention
   * @param surface the mention as it is written
   */
  of(aliases: readonly number[], surface: string): readonly Candidate[] {
    const key = this.#keyOf(aliases, surface);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    if (this.#cache.size >= mostCachedLists) this.#cache.clear();
    const candidates = this.#rank(aliases, surface);
    this.#cache.set(key, candidates);
    return candidates;
  }

  /** What the list depends on: the aliases and, where one of them asks for its writing, the surface. */
  #keyOf(aliases: readonly number[], surface: string): string | number {
    const { someExact } = this.#index;
    const asksForWriting = aliases.some((alias) => someExact[alias] === 1);
    if (aliases.length === 1 && !asksForWriting) return aliases[0] as number;
    return asksForWriting ? `${aliases.join(" ")} ${surface}` : aliases.join(" ");
  }

  #rank(aliases: readonly number[], surface: string): Candidate[] {
    const { smoothing, maxCandidates } = this.#options;
    const weights = this.#pool(aliases, surface);
    // Summed in the order of ids, so that the order of the graph leaves no trace in the last digits.
    const ids = [...weights.keys()].sort(byCodeUnit);
    const total = ids.reduce((sum, id) => sum + (weights.get(id) as number), 0) + smoothing * ids.length;
    const ranked = ids.map((entity) => {
      const prior = total > 0 ? ((weights.get(entity) as number) + smoothing) / total : 1 / ids.length;
      return { entity, score: prior, prior };
    });
    return ranked.sort((a, b) => b.prior - a.prior).slice(0, maxCandidates);
  }

  /** Weight by entity: the greatest within one alias, summed over aliases of different lemmas. */
  #pool(aliases: readonly number[], surface: string): Map<string, number> {
    const byEntity = new Map<string, number[]>();
    for (const alias of aliases)
      for (const [entity, weight] of this.#strongest(alias, surface)) {
        const weights = byEntity.get(entity);
        if (weights) weights.push(weight);
        else byEntity.set(entity, [weight]);
      }
    return new Map(
      Array.from(byEntity, ([entity, weights]) => [entity, weights.sort((a, b) => a - b).reduce((sum, w) => sum + w)]),
    );
  }

  #strongest(alias: number, surface: string): Map<string, number> {
    const { offsets, entities, weights, writings, writingTexts } = this.#index;
    const strongest = new Map<string, number>();
    for (let entry = offsets[alias] as number; entry < (offsets[alias + 1] as number); entry++) {
      const writing = writings[entry] as number;
      if (writing >= 0 && writingTexts[writing] !== surface) continue;
      const id = this.#entityIds[entities[entry] as number] as string;
      strongest.set(id, Math.max(strongest.get(id) ?? 0, weights[entry] as number));
    }
    return strongest;
  }
}

/** Order of ids: by UTF-16 code unit, whatever the locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
