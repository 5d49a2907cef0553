import { InputError, KgraftError, messageOf, type Progress, readLines, writeLinesAtomic } from "@kgraft/runtime";
import type { Candidate, Dependency, Mention, TextExample, TextSpan, TripleTerm, TripleText } from "./example.ts";
import {
  type Fields,
  fieldError,
  fieldPath,
  optional,
  readFields,
  readList,
  readName,
  readNumber,
  readString,
} from "./example-fields.ts";
import { type OffsetTable, offsetTable } from "./offsets.ts";

/** How {@link readExamples} takes a file, and what a bad line does. */
export interface ReadExamplesOptions {
  /** What the file's offsets count. Default `codePoints`, as Python tools write. */
  readonly offsets?: "codePoints" | "utf16";
  /** What a bad line does: `stop` throws (default), `skip` passes it over and says so at the end. */
  readonly onError?: "stop" | "skip";
  /** Whether an id may stand only once; costs memory for all ids. Default false. */
  readonly uniqueIds?: boolean;
  /** Where skipped lines are reported. */
  readonly progress?: Progress;
  /** Called for each skipped line. */
  readonly onSkip?: (error: KgraftError) => void;
}

const exampleKeys = [
  "id",
  "text",
  "pair",
  "mentions",
  "target",
  "targets",
  "labels",
  "spans",
  "dependencies",
  "triple",
];
const mentionKeys = ["start", "end", "entity", "score", "candidates"];
const candidateKeys = ["entity", "score", "prior"];
const spanKeys = ["start", "end"];
const dependencyKeys = ["start", "end", "head"];
const labelledSpanKeys = [...spanKeys, "label"];
const tripleKeys = ["head", "relation", "tail"];
const termKeys = ["id", "text"];

/**
 * Streams the examples of a JSON Lines file (gzip where the name ends in `.gz`) with bounded memory; their offsets
 * become UTF-16 units. Blank lines are passed over.
 *
 * @throws InputError `text.example.*` with `file:line`, the value and what was wanted, unless bad lines are skipped
 */
export async function* readExamples(path: string, options: ReadExamplesOptions = {}): AsyncGenerator<TextExample> {
  const seen = options.uniqueIds ? new Map<string, number>() : undefined;
  let skipped = 0;
  let first: KgraftError | undefined;
  for await (const line of readLines(path)) {
    if (line.text.trim() === "") continue;
    let example: TextExample;
    try {
      example = parseExample(line.text, line.at, options.offsets ?? "codePoints");
      assertNewId(seen, example.id, line.number, line.at);
    } catch (error) {
      if (options.onError !== "skip" || !(error instanceof KgraftError)) throw error;
      skipped++;
      first ??= error;
      options.onSkip?.(error);
      continue;
    }
    yield example;
  }
  if (first)
    options.progress?.note(`${path}: ${skipped} bad line${skipped === 1 ? "" : "s"} skipped; ${first.message}`);
}

/**
 * Reads one line of an example file.
 *
 * @param at `file:line`, for errors
 */
export function parseExample(line: string, at: string, offsets: "codePoints" | "utf16"): TextExample {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new InputError({
      code: "text.example.json",
      at,
      problem: `is not JSON: ${messageOf(cause)}`,
      wanted: `Wanted one object a line with ${exampleKeys.join(", ")}`,
      cause,
    });
  }
  return exampleOf(value, at, offsets);
}

/** Reads an example out of a parsed line. */
export function exampleOf(value: unknown, at: string, offsets: "codePoints" | "utf16" = "codePoints"): TextExample {
  return readExample(readFields(value, at, "", exampleKeys), offsets);
}

function readExample(fields: Fields, offsets: "codePoints" | "utf16"): TextExample {
  const text = readString(fields, "text");
  const spans = new SpanReader(text, offsets);
  return dropAbsent({
    id: readName(fields, "id"),
    text,
    pair: optional(fields, "pair", readString),
    mentions: optional(fields, "mentions", (at, key) =>
      readList(at, key, "an array of mentions", (value, path) => readMention(value, fields.at, path, spans)),
    ),
    target: optional(fields, "target", (at, key) => spans.read(at.values[key], at.at, key)),
    targets: optional(fields, "targets", (at, key) => readTargets(at, key, spans)),
    labels: optional(fields, "labels", readLabels),
    spans: optional(fields, "spans", (at, key) =>
      readList(at, key, "an array of spans with labels", (value, path) => {
        const own = readFields(value, fields.at, path, labelledSpanKeys);
        return { ...spans.readFrom(own), label: readName(own, "label") };
      }),
    ),
    dependencies: optional(fields, "dependencies", (at, key) => readDependencies(at, key, spans)),
    triple: optional(fields, "triple", readTriple),
  });
}

function readMention(value: unknown, at: string, path: string, spans: SpanReader): Mention {
  const fields = readFields(value, at, path, mentionKeys);
  return dropAbsent({
    ...spans.readFrom(fields),
    entity: readName(fields, "entity"),
    score: optional(fields, "score", readNumber),
    candidates: optional(fields, "candidates", (within, key) =>
      readList(within, key, "an array of candidates", (entry, entryPath) => readCandidate(entry, at, entryPath)),
    ),
  });
}

function readCandidate(value: unknown, at: string, path: string): Candidate {
  const fields = readFields(value, at, path, candidateKeys);
  return dropAbsent({
    entity: readName(fields, "entity"),
    score: readNumber(fields, "score"),
    prior: optional(fields, "prior", readNumber),
  });
}

function readTargets(fields: Fields, key: string, spans: SpanReader): [TextSpan, TextSpan] {
  const value = fields.values[key];
  if (!Array.isArray(value) || value.length !== 2)
    throw fieldError(fields.at, key, value, "an array of two spans, head and tail");
  return [spans.read(value[0], fields.at, `${key}[0]`), spans.read(value[1], fields.at, `${key}[1]`)];
}

function readDependencies(fields: Fields, key: string, spans: SpanReader): Dependency[] {
  const words = readList(fields, key, "an array of words with start, end and head", (value, path) => {
    const word = readFields(value, fields.at, path, dependencyKeys);
    return { ...spans.readFrom(word), head: readNumber(word, "head") };
  });
  const wanted = `the index of another of the ${words.length} words, or -1 at the root`;
  for (const [i, { head }] of words.entries())
    if (!Number.isInteger(head) || head < -1 || head >= words.length || head === i)
      throw fieldError(fields.at, `${key}[${i}].head`, head, wanted);
  return words;
}

function readTriple(fields: Fields, key: string): TripleText {
  const triple = readFields(fields.values[key], fields.at, key, tripleKeys);
  const term = (part: string): TripleTerm => {
    const own = readFields(triple.values[part], fields.at, fieldPath(triple, part), termKeys);
    return { id: readName(own, "id"), text: readString(own, "text") };
  };
  return { head: term("head"), relation: term("relation"), tail: term("tail") };
}

function readLabels(fields: Fields, key: string): string[] {
  return readList(fields, key, "an array of strings", (label, path) => {
    if (typeof label !== "string") throw fieldError(fields.at, path, label, "a string");
    return label;
  });
}

/** Reads spans of one text; its offset table is made once, where it is needed. */
class SpanReader {
  readonly #text: string;
  readonly #offsets: "codePoints" | "utf16";
  #table: OffsetTable | undefined;

  constructor(text: string, offsets: "codePoints" | "utf16") {
    this.#text = text;
    this.#offsets = offsets;
  }

  read(value: unknown, at: string, path: string): TextSpan {
    return this.readFrom(readFields(value, at, path, spanKeys));
  }

  readFrom(fields: Fields): TextSpan {
    const table = this.#offsetTable();
    const [start, end] = [this.#offset(fields, "start"), this.#offset(fields, "end")];
    if (end <= start)
      throw spanError(fields, `the span ${start} to ${end} is empty`, "Wanted start < end (half-open offsets)");
    if (this.#offsets === "codePoints") return { start: table.toUnits(start), end: table.toUnits(end) };
    for (const [key, unit] of Object.entries({ start, end }))
      if (table.insidePair(unit))
        throw spanError(
          fields,
          `${key} ${unit} falls inside a surrogate pair`,
          "Wanted UTF-16 offsets between characters",
          "Perhaps the offsets count code points: read them with offsets: codePoints",
        );
    return { start, end };
  }

  #offsetTable(): OffsetTable {
    this.#table ??= offsetTable(this.#text);
    return this.#table;
  }

  #offset(fields: Fields, key: string): number {
    const table = this.#offsetTable();
    const length = this.#offsets === "codePoints" ? table.codePoints : this.#text.length;
    const value = fields.values[key];
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= length) return value as number;
    const unit = this.#offsets === "codePoints" ? "code points" : "UTF-16 units";
    throw fieldError(
      fields.at,
      fieldPath(fields, key),
      value,
      `a whole number from 0 to ${length}, the text's ${unit}`,
    );
  }
}

function spanError(fields: Fields, problem: string, wanted: string, fix?: string): InputError {
  return new InputError({
    code: "text.example.span",
    at: fields.at,
    problem: `${fields.path}: ${problem}`,
    wanted,
    fix,
  });
}

function assertNewId(seen: Map<string, number> | undefined, id: string, line: number, at: string): void {
  const before = seen?.get(id);
  if (before !== undefined)
    throw new InputError({
      code: "text.example.id",
      at,
      problem: `the id ${JSON.stringify(id)} stands already in line ${before}`,
      wanted: "Wanted each id once",
    });
  seen?.set(id, line);
}

/** Writes examples as JSON Lines, offsets as code points; the file appears whole or not at all. */
export async function writeExamples(
  path: string,
  examples: AsyncIterable<TextExample> | Iterable<TextExample>,
): Promise<void> {
  await writeLinesAtomic(path, exampleLines(examples));
}

async function* exampleLines(examples: AsyncIterable<TextExample> | Iterable<TextExample>): AsyncGenerator<string> {
  for await (const example of examples) yield exampleLine(example);
}

/** The line of a file that stands for an example: offsets as code points, keys in a fixed order. */
export function exampleLine(example: TextExample): string {
  const table = offsetTable(example.text);
  const span = ({ start, end }: TextSpan) => ({ start: table.toCodePoints(start), end: table.toCodePoints(end) });
  return JSON.stringify({
    id: example.id,
    text: example.text,
    pair: example.pair,
    mentions: example.mentions?.map((mention) => ({
      ...span(mention),
      entity: mention.entity,
      score: mention.score,
      candidates: mention.candidates?.map(({ entity, score, prior }) => ({ entity, score, prior })),
    })),
    target: example.target && span(example.target),
    targets: example.targets?.map(span),
    labels: example.labels,
    spans: example.spans?.map((one) => ({ ...span(one), label: one.label })),
    dependencies: example.dependencies?.map((word) => ({ ...span(word), head: word.head })),
    triple: example.triple,
  });
}

function dropAbsent<Value extends object>(value: Value): Value {
  for (const key of Object.keys(value) as (keyof Value)[]) if (value[key] === undefined) delete value[key];
  return value;
}
