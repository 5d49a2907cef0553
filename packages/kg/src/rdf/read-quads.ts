import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError, messageOf, type Progress, readLines } from "@kgraft/runtime";
import { Parser, type Quad, StreamParser } from "n3";
import { BrokenLines } from "../broken-lines.ts";
import { isThere } from "../data-file.ts";

const formats: Readonly<Record<string, string>> = {
  nt: "N-Triples",
  nq: "N-Quads",
  ttl: "Turtle",
  trig: "TriG",
};

/** In these a line is a statement, so that a broken one can be passed over. */
const lineFormats = ["N-Triples", "N-Quads"];

const blankNodePrefix = "_:";

/**
 * Streams the statements of an RDF file, whose ending says which RDF it is.
 *
 * @throws InputError `kg.rdf.format`, `kg.rdf.skip`, `kg.rdf.syntax`
 */
export async function* readQuads(path: string, onError: "stop" | "skip", progress: Progress): AsyncGenerator<Quad> {
  const format = formatOf(path);
  if (onError === "skip" && !lineFormats.includes(format))
    throw new InputError({
      code: "kg.rdf.skip",
      at: "config.graph.onError",
      problem: `is skip, but a statement of ${format} may take several lines, so that none can be passed over`,
      wanted: "Wanted stop, or N-Triples or N-Quads",
      fix: "Convert the file to N-Triples, or correct it",
    });
  if (!(await isThere(path)))
    throw new InputError({ code: "runtime.read", at: path, problem: "no such file", fix: "Check the path" });
  const bar = progress.bar("rdf", 0);
  let count = 0;
  for await (const quad of onError === "skip" ? byLine(path, format, progress) : streamed(path, format)) {
    yield quad;
    if (++count % 10_000 === 0) bar.update(count);
  }
  bar.end();
}

function formatOf(path: string): string {
  const format = formats[/\.(\w+?)(?:\.gz)?$/.exec(path)?.[1] ?? ""];
  if (format !== undefined) return format;
  const endings = Object.keys(formats).map((ending) => `.${ending}`);
  throw new InputError({
    code: "kg.rdf.format",
    at: path,
    problem: "the name does not say which RDF it is",
    wanted: `Wanted ${endings.join(", ")}, or one of these with .gz`,
  });
}

async function* streamed(path: string, format: string): AsyncGenerator<Quad> {
  const file = createReadStream(path);
  const parser = new StreamParser({ format, blankNodePrefix });
  const quads = path.endsWith(".gz")
    ? pipeline(file, createGunzip(), parser, () => undefined)
    : pipeline(file, parser, () => undefined);
  try {
    yield* quads as AsyncIterable<Quad>;
  } catch (cause) {
    const line = /on line (\d+)/.exec(messageOf(cause))?.[1];
    throw syntaxError(line === undefined ? path : `${path}:${line}`, format, cause);
  }
}

async function* byLine(path: string, format: string, progress: Progress): AsyncGenerator<Quad> {
  const broken = new BrokenLines("skip");
  for await (const { text, at } of readLines(path)) yield* broken.try(() => quadsOf(text, at, format)) ?? [];
  broken.note(progress, path);
}

function quadsOf(text: string, at: string, format: string): readonly Quad[] {
  try {
    return new Parser({ format, blankNodePrefix }).parse(text);
  } catch (cause) {
    throw syntaxError(at, format, cause);
  }
}

function syntaxError(at: string, format: string, cause: unknown): InputError {
  return new InputError({
    code: "kg.rdf.syntax",
    at,
    problem: `is not ${format}: ${messageOf(cause).replace(/ on line \d+\.?/, "")}`,
    wanted: `Wanted ${format}, as the name's ending says`,
    fix: lineFormats.includes(format)
      ? "Correct the line, or pass such lines over with onError: skip"
      : "Correct it, or give the file the ending of what it is",
    cause,
  });
}
