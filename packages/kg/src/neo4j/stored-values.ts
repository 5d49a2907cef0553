/** A value as Cypher should get it: whole numbers as integers, everything inside lists and maps likewise. */
export function cypherValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(cypherValue);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cypherValue(one)]));
  return value;
}

/**
 * A value that Neo4j holds, as JSON can hold it: integers as numbers (those beyond 2^53 as text, exactly), dates and
 * times as ISO text, points as `{srid, x, y, z?}`, bytes as a list of numbers.
 */
export function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (ArrayBuffer.isView(value)) return [...(value as Int8Array)].map((byte) => byte & 0xff);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plainValue(one)]));
  return isPoint(value) ? plainPoint(value) : String(value);
}

interface Point {
  readonly srid: unknown;
  readonly x: number;
  readonly y: number;
  readonly z?: number;
}

/** Of what the driver makes, points alone have a reference system. */
function isPoint(value: object): value is Point {
  return "srid" in value && "x" in value && "y" in value;
}

function plainPoint({ srid, x, y, z }: Point) {
  return { srid: plainValue(srid), x, y, ...(z === undefined ? {} : { z }) };
}
