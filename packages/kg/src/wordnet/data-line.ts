import { InputError, type Line } from "@kgraft/runtime";
import { type Gloss, parseGloss } from "./gloss.ts";
import { letterOf, lexicographerFiles, type PartOfSpeech } from "./parts-of-speech.ts";
import { pointerRelations, type WordnetRelation } from "./relations.ts";

/** A pointer from a synset to another, in the direction that is a relation of ours. */
export interface Pointer {
  readonly relation: WordnetRelation;
  /** Entity id of the other synset. */
  readonly to: string;
}

/** A synset as its data line gives it. */
export interface Synset extends Gloss {
  /** Byte offset in the data file, `-`, letter of the part of speech: `02084071-n`. */
  readonly id: string;
  /** Its name: `noun.animal`. */
  readonly lexicographerFile: string;
  /** With spaces, in WordNet's order and case. */
  readonly lemmas: readonly string[];
  readonly pointers: readonly Pointer[];
  /** `file:line`, for errors. */
  readonly at: string;
}

const synsetTypes: Readonly<Record<PartOfSpeech, string>> = { noun: "n", verb: "v", adj: "as", adv: "r" };

/**
 * Reads one line of `data.<part of speech>`.
 *
 * @throws InputError `kg.wordnet.line` with `file:line` where it is not one
 * @source WordNet's wndb(5WN)
 */
export function parseDataLine(line: Line, partOfSpeech: PartOfSpeech): Synset {
  const bar = line.text.indexOf("|");
  const fields = (bar === -1 ? line.text : line.text.slice(0, bar)).trim().split(" ");
  const wrong = (problem: string) => notADataLine(line.at, problem, partOfSpeech);
  if (bar === -1) throw wrong("has no gloss (no | in it)");
  const [offset = "", file = "", type = "", words = ""] = fields;
  if (!/^\d{8}$/.test(offset)) throw wrong(`begins with "${offset.slice(0, 20)}" instead of an offset of eight digits`);
  const lexicographerFile = lexicographerFiles[Number(file)];
  if (!/^\d\d$/.test(file) || lexicographerFile === undefined) throw wrong(`names lexicographer file "${file}"`);
  if (type.length !== 1 || !synsetTypes[partOfSpeech].includes(type)) throw wrong(`has the synset type "${type}"`);
  const count = /^[0-9a-f]{2}$/.test(words) ? Number.parseInt(words, 16) : 0;
  const pointersAt = 4 + 2 * count;
  if (count === 0 || fields.length <= pointersAt) throw wrong(`has the word count "${words}"`);
  return {
    id: `${offset}-${letterOf[partOfSpeech]}`,
    lexicographerFile,
    lemmas: Array.from({ length: count }, (_, i) => lemmaOf(fields[4 + 2 * i] as string)),
    pointers: parsePointers(fields, pointersAt, wrong),
    ...parseGloss(line.text.slice(bar + 1)),
    at: line.at,
  };
}

/** A word with spaces and without its syntactic marker: `galore(ip)` is galore. */
function lemmaOf(word: string): string {
  return word.replace(/\((?:p|a|ip)\)$/, "").replaceAll("_", " ");
}

function parsePointers(fields: readonly string[], at: number, wrong: (problem: string) => InputError): Pointer[] {
  const count = /^\d{3}$/.test(fields[at] as string) ? Number(fields[at]) : -1;
  if (count === -1 || fields.length < at + 1 + 4 * count)
    throw wrong(`has the pointer count "${fields[at]}" and ${fields.length - at - 1} fields after it`);
  const pointers: Pointer[] = [];
  for (let i = at + 1; i < at + 1 + 4 * count; i += 4) {
    const symbol = fields[i] as string;
    const target = `${fields[i + 1]}-${fields[i + 2]}`;
    if (!pointerRelations.has(symbol)) throw wrong(`has a pointer "${symbol}"`);
    if (!/^\d{8}-[nvar]$/.test(target)) throw wrong(`has a pointer to "${fields[i + 1]} ${fields[i + 2]}"`);
    const relation = pointerRelations.get(symbol);
    if (relation !== undefined) pointers.push({ relation, to: target });
  }
  return pointers;
}

function notADataLine(at: string, problem: string, partOfSpeech: PartOfSpeech): InputError {
  return new InputError({
    code: "kg.wordnet.line",
    at,
    problem,
    wanted: `Wanted a line of WordNet 3's data.${partOfSpeech}: offset, file, type, words, pointers | gloss`,
    fix: "Check that the folder holds WordNet's own database files",
  });
}
