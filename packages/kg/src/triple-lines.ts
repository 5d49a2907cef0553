import { InputError } from "@kgraft/runtime";
import type { Triple } from "./graph.ts";

/** A triple and the line that gives it. */
export interface TripleLine extends Triple {
  /** `file:line` */
  readonly at: string;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\t", "\t"],
  ["\\n", "\n"],
  ["\\r", "\r"],
  ["\\\\", "\\"],
]);
const writtenAs: ReadonlyMap<string, string> = new Map(
  [...escapes].map(([written, character]) => [character, written]),
);

/**
 * Reads a line `head TAB relation TAB tail`.
 *
 * @param escaped whether `\t`, `\n`, `\r` and `\\` stand for tab, newline, carriage return and backslash
 * @throws InputError `kg.triples.fields`, `kg.triples.escape` at `at`
 */
export function parseTripleLine(text: string, at: string, { escaped }: { escaped: boolean }): TripleLine {
  const fields = text.split("\t");
  if (fields.length !== 3 || fields.includes(""))
    throw new InputError({
      code: "kg.triples.fields",
      at,
      problem: fields.length === 3 ? "has an empty field" : `has ${fields.length} field${fields.length > 1 ? "s" : ""}`,
      wanted: "Wanted head, relation, tail separated by tabs",
    });
  const [head, relation, tail] = (escaped ? fields.map((field) => unescapeField(field, at)) : fields) as [
    string,
    string,
    string,
  ];
  return { head, relation, tail, at };
}

/** A triple as one line of `triples.tsv`. */
export function tripleLine({ head, relation, tail }: Triple): string {
  return [head, relation, tail].map(escapeField).join("\t");
}

function escapeField(id: string): string {
  return id.replace(/[\\\t\n\r]/g, (character) => writtenAs.get(character) ?? character);
}

function unescapeField(field: string, at: string): string {
  if (!field.includes("\\")) return field;
  return field.replace(/\\.?/gs, (written) => {
    const character = escapes.get(written);
    if (character !== undefined) return character;
    throw new InputError({
      code: "kg.triples.escape",
      at,
      problem: `has "${written}" in "${field}"`,
      wanted: "Wanted \\t, \\n, \\r or \\\\",
      fix: "Write a backslash as \\\\",
    });
  });
}
