import { InputError, type Line, readLines } from "@kgraft/runtime";
import type { Dependency, TextExample } from "./example.ts";

/** A word line: what is written, and which word governs it, both by number from 1 (0: the root). */
interface Word {
  readonly form: string;
  readonly head: number;
  readonly spaceAfter: boolean;
  readonly at: string;
}

/** A multiword token: the form in which words [from, to] are written. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly form: string;
  readonly spaceAfter: boolean;
}

/**
 * Streams the sentences of a CoNLL-U file (gzip where the name ends in `.gz`) as texts with their dependency trees. The text is
 * made of the forms and their `SpaceAfter=No`. A multiword token is one word, with the head of its first word that hangs
 * outside it; empty nodes are passed over.
 *
 * Ids are the sentences' `sent_id`, else `file:line` of their first word.
 *
 * @throws InputError `text.conllu` with `file:line` where a line has other than 10 fields, a number is out of turn, or a head is no
 *   other word of the sentence; where a sentence has no root
 * @source https://universaldependencies.org/format.html
 */
export async function* readConllu(path: string): AsyncGenerator<TextExample> {
  let sentence = new Sentence();
  for await (const line of readLines(path)) {
    if (line.text.trim() !== "") sentence.read(line);
    else {
      if (sentence.started) yield sentence.example();
      sentence = new Sentence();
    }
  }
  if (sentence.started) yield sentence.example();
}

/** A sentence while its lines are read. */
class Sentence {
  #id: string | undefined;
  readonly #words: Word[] = [];
  readonly #ranges: Range[] = [];

  get started(): boolean {
    return this.#words.length > 0;
  }

  read({ text, at }: Line): void {
    if (text.startsWith("#")) {
      this.#id = /^#\s*sent_id\s*=\s*(\S.*?)\s*$/.exec(text)?.[1] ?? this.#id;
      return;
    }
    const fields = text.split("\t");
    if (fields.length !== 10)
      throw broken(at, `${fields.length} fields`, "Wanted the 10 of CoNLL-U, separated by tabs");
    const [number, form, , , , , head, , , misc] = fields as [string, string, ...string[]];
    const spaceAfter = !(misc as string).split("|").includes("SpaceAfter=No");
    if (form === "") throw broken(at, "the second field is empty", "Wanted the word as it is written");
    const range = /^(\d+)-(\d+)$/.exec(number);
    if (range !== null) this.#readRange([Number(range[1]), Number(range[2])], { form, spaceAfter, at });
    else if (!/^\d+\.\d+$/.test(number)) this.#readWord(number, { form, spaceAfter, at, head: head as string });
  }

  #readRange([from, to]: [number, number], { form, spaceAfter, at }: Omit<Word, "head">): void {
    if (from !== this.#words.length + 1 || to < from)
      throw broken(
        at,
        `the words ${from}-${to} stand out of turn`,
        `Wanted a range that starts at ${this.#words.length + 1}`,
      );
    this.#ranges.push({ from, to, form, spaceAfter });
  }

  #readWord(number: string, { head, ...word }: Omit<Word, "head"> & { readonly head: string }): void {
    const wanted = this.#words.length + 1;
    if (number !== String(wanted)) throw broken(word.at, `the number "${number}"`, `Wanted ${wanted}, the next word`);
    if (!/^\d+$/.test(head))
      throw broken(word.at, `the head "${head}"`, "Wanted the number of a word, or 0 at the root");
    this.#words.push({ ...word, head: Number(head) });
  }

  example(): TextExample {
    this.#check();
    const tokens = this.#tokens();
    const tokenOf = tokens.flatMap(({ from, to }, index) => new Array<number>(to - from + 1).fill(index));
    let text = "";
    const dependencies: Dependency[] = [];
    for (const [index, { from, to, form, spaceAfter }] of tokens.entries()) {
      const start = text.length;
      text += form;
      const heads = this.#words
        .slice(from - 1, to)
        .map(({ head }) => (head === 0 ? -1 : (tokenOf[head - 1] as number)));
      dependencies.push({ start, end: text.length, head: heads.find((head) => head !== index) as number });
      if (spaceAfter && index < tokens.length - 1) text += " ";
    }
    return { id: this.#id ?? (this.#words[0] as Word).at, text, dependencies };
  }

  /** Words as they are written: multiword tokens, and the words in none. */
  #tokens(): readonly Range[] {
    const ranges = new Map(this.#ranges.map((range) => [range.from, range]));
    const tokens: Range[] = [];
    for (let from = 1; from <= this.#words.length; from = (tokens.at(-1) as Range).to + 1) {
      const { form, spaceAfter } = this.#words[from - 1] as Word;
      tokens.push(ranges.get(from) ?? { from, to: from, form, spaceAfter });
    }
    return tokens;
  }

  #check(): void {
    const count = this.#words.length;
    const [first] = this.#words as [Word, ...Word[]];
    for (const [index, { head, at }] of this.#words.entries())
      if (head > count || head === index + 1)
        throw broken(at, `the head ${head}`, `Wanted another of the sentence's ${count} words, or 0 at the root`);
    const cut = this.#ranges.find(({ to }) => to > count);
    if (cut !== undefined)
      throw broken(first.at, `the words ${cut.from}-${cut.to} of ${count}`, "Wanted words that are there");
    if (!this.#reachesRoot()) throw broken(first.at, "the sentence is no tree", "Wanted heads that lead to a root");
  }

  /** Whether every word's chain of heads ends at a root. */
  #reachesRoot(): boolean {
    return this.#words.every((_, index) => {
      let at = index + 1;
      for (let step = 0; at !== 0 && step <= this.#words.length; step++) at = (this.#words[at - 1] as Word).head;
      return at === 0;
    });
  }
}

function broken(at: string, problem: string, wanted: string): InputError {
  return new InputError({ code: "text.conllu", at, problem, wanted });
}
