/** Keeps what was fetched of the last used keys; what is asked for twice at the same time is fetched once. */
export class NeighbourhoodCache<Value> {
  readonly #capacity: number;
  readonly #fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  /** In the order of use, the least recent first. */
  readonly #kept = new Map<string, Promise<Value>>();

  /** @param fetch gives the values of keys; what it leaves out is undefined */
  constructor(capacity: number, fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#capacity = capacity;
    this.#fetch = fetch;
  }

  async get(key: string): Promise<Value> {
    const kept = this.#use(key);
    return kept ?? (this.#start([key]).get(key) as Promise<Value>);
  }

  /**
   * Fetches all that are not there yet, together.
   *
   * @returns the values of the keys that were fetched now
   */
  async load(keys: readonly string[]): Promise<readonly Value[]> {
    const missing = [...new Set(keys)].filter((key) => this.#use(key) === undefined).slice(0, this.#capacity);
    return missing.length === 0 ? [] : Promise.all(this.#start(missing).values());
  }

  #use(key: string): Promise<Value> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  #start(keys: readonly string[]): ReadonlyMap<string, Promise<Value>> {
    const fetched = this.#fetch(keys);
    const started = new Map(keys.map((key) => [key, fetched.then((found) => found.get(key) as Value)]));
    for (const [key, value] of started) {
      this.#kept.set(key, value);
      value.catch(() => this.#kept.get(key) === value && this.#kept.delete(key));
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#capacity) break;
      this.#kept.delete(oldest);
    }
    return started;
  }
}
