import { InputError, isRecord, suggestion } from "@kgraft/runtime";

/** Reads the fields of one JSON object, naming place and field in every error. */
export class RecordReader {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #at: string;

  /** @throws InputError `kg.record` where the value is no object */
  constructor(value: unknown, at: string) {
    this.#at = at;
    if (!isRecord(value)) throw this.#wrong(`is ${kindOf(value)}`, "Wanted a JSON object");
    this.#record = value;
  }

  /** @throws InputError `kg.record` naming the first field that is not among the known ones */
  only(known: readonly string[]): this {
    for (const name of Object.keys(this.#record))
      if (!known.includes(name))
        throw this.#wrong(`unknown field "${name}"`, `Known are ${known.join(", ")}`, suggestion(name, known));
    return this;
  }

  /** A string that must be there and not be empty. */
  text(name: string): string {
    const value = this.#record[name];
    if (value === undefined) throw this.#wrong(`has no "${name}"`, "Wanted a string");
    if (typeof value !== "string") throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted a string");
    if (value === "") throw this.#wrong(`"${name}" is empty`, "Wanted a string of one character or more");
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.#record[name];
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted a string");
  }

  /** A list of strings; none where the field is absent. */
  texts(name: string): readonly string[] {
    const value = this.#record[name];
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted a list of strings");
  }

  /** A list of anything; an empty one where the field is absent. */
  list(name: string): readonly unknown[] {
    const value = this.#record[name];
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted a list");
  }

  /** true or false; false where the field is absent. */
  flag(name: string): boolean {
    const value = this.#record[name];
    if (value === undefined || typeof value === "boolean") return value ?? false;
    throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted true or false");
  }

  /** An object; an empty one where the field is absent. */
  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.#record[name];
    if (value === undefined) return {};
    if (isRecord(value)) return value;
    throw this.#wrong(`"${name}" is ${kindOf(value)}`, "Wanted an object");
  }

  #wrong(problem: string, wanted: string, fix?: string): InputError {
    return new InputError({ code: "kg.record", at: this.#at, problem, wanted, fix });
  }
}

/** What a JSON value is, with the value where it is short. */
function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}
