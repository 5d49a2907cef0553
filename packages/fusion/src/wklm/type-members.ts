import type { Streams } from "@kgraft/runtime";
import type { TypedEntity } from "./entity-types.ts";

/** How {@link readTypeMembers} keeps what it reads. */
export interface TypeMembersOptions {
  /** Most entities kept of a type. */
  readonly limit: number;
  readonly streams: Streams;
}

/**
 * Reads which entities a type has, at most `limit` of each: of a larger type a uniform sample that depends on seed and
 * ids alone, not on the order of the stream. No more than twice the limit are held of a type at any time.
 */
export async function readTypeMembers(
  pairs: AsyncIterable<TypedEntity>,
  { limit, streams }: TypeMembersOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const members = new Map<string, Set<string>>();
  for await (const [entity, type] of pairs) {
    const known = members.get(type);
    if (known === undefined) members.set(type, new Set([entity]));
    else if (known.add(entity).size >= 2 * limit) members.set(type, sample(known, limit, streams));
  }
  return new Map([...members].map(([type, all]) => [type, [...sample(all, limit, streams)]]));
}

/** The entities with the lowest of their random numbers, in the order they stand in. */
function sample(entities: Set<string>, limit: number, streams: Streams): Set<string> {
  if (entities.size <= limit) return entities;
  const numbers = new Map(Array.from(entities, (id) => [id, streams.at(`fusion/wklm/members/${id}`).bits()]));
  const lowest = [...entities].sort(
    (a, b) => (numbers.get(a) as number) - (numbers.get(b) as number) || (a < b ? -1 : 1),
  );
  return new Set(lowest.slice(0, limit).sort());
}
