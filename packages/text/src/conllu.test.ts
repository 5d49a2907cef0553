import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { collect } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { readConllu } from "./index.ts";

const word = (number: string, form: string, head: string, misc = "_") =>
  [number, form, "_", "_", "_", "_", head, "_", "_", misc].join("\t");

async function sentences(...lines: string[]) {
  const path = join(await temporaryFolder(), "trees.conllu");
  await writeFile(path, lines.join("\n"));
  return { path, examples: collect(readConllu(path)) };
}

describe("CoNLL-U", () => {
  it("gives texts as they are written, with the head of every word", async () => {
    const { path, examples } = await sentences(
      "# sent_id = s 1",
      "# text = The harp sings.",
      word("1", "The", "2"),
      word("2", "harp", "3"),
      word("3", "sings", "0", "SpaceAfter=No"),
      word("4", ".", "3", "Gloss=x|SpaceAfter=No"),
      "",
      "",
      word("1", "Yes", "0"),
    );
    expect(await examples).toEqual([
      {
        id: "s 1",
        text: "The harp sings.",
        dependencies: [
          { start: 0, end: 3, head: 1 },
          { start: 4, end: 8, head: 2 },
          { start: 9, end: 14, head: -1 },
          { start: 14, end: 15, head: 2 },
        ],
      },
      { id: `${path}:9`, text: "Yes", dependencies: [{ start: 0, end: 3, head: -1 }] },
    ]);
  });

  it("takes a multiword token as one word, and passes over empty nodes", async () => {
    const { examples } = await sentences(
      word("1-2", "dal", "_"),
      word("1", "da", "3"),
      word("2", "il", "1"),
      word("2.1", "leaves", "_"),
      word("3", "mare", "0"),
    );
    const [example] = await examples;
    expect(example?.text).toBe("dal mare");
    expect(example?.dependencies).toEqual([
      { start: 0, end: 3, head: 1 },
      { start: 4, end: 8, head: -1 },
    ]);
  });

  const bad: readonly (readonly [readonly string[], string])[] = [
    [["1\tThe"], ":1: 2 fields. Wanted the 10 of CoNLL-U, separated by tabs."],
    [[word("1", "a", "2"), word("3", "b", "0")], ':2: the number "3". Wanted 2, the next word.'],
    [[word("1", "a", "_")], ':1: the head "_". Wanted the number of a word, or 0 at the root.'],
    [
      [word("1", "a", "0"), word("2", "b", "5")],
      ":2: the head 5. Wanted another of the sentence's 2 words, or 0 at the root.",
    ],
    [[word("1", "a", "1")], ":1: the head 1. Wanted another of the sentence's 1 words"],
    [[word("1", "a", "2"), word("2", "b", "1")], ":1: the sentence is no tree. Wanted heads that lead to a root."],
    [[word("1", "", "0")], ":1: the second field is empty."],
    [[word("2-3", "ab", "_")], ":1: the words 2-3 stand out of turn. Wanted a range that starts at 1."],
    [[word("1-3", "ab", "_"), word("1", "a", "0")], ":2: the words 1-3 of 1. Wanted words that are there."],
  ];
  it.each(bad)("names the line of %j", async (lines, message) => {
    const { path, examples } = await sentences(...lines);
    await expect(examples).rejects.toThrow(`${path}${message}`);
  });
});
