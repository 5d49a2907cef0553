import { describe, expect, it } from "vitest";
import { parseGloss } from "./gloss.ts";

describe("parseGloss", () => {
  const cases: [gloss: string, definition: string, ...examples: string[]][] = [
    ["an entity that has physical existence  ", "an entity that has physical existence"],
    ['a whole; "how big is it?"; "the team is a unit"  ', "a whole", "how big is it?", "the team is a unit"],
    ['a; also b; "c d"', "a; also b", "c d"],
    ['in the place of another: "he sent Smith in"', "in the place of another", "he sent Smith in"],
    ['x; "get a life!" "he is trying"', "x", "get a life!", "he is trying"],
    ['x; "the triumph"--Thomas Paine; "again"', "x", "the triumph", "again"],
    ['x; "unto them" (Matthew 7:12)', "x", "unto them"],
    ['x; "loses hours" - Milton Berle', "x", "loses hours"],
    ['(e.g., "he said `I am" would be modified) in talk', '(e.g., "he said `I am" would be modified) in talk'],
    [
      'spread by scattering ("straw" is archaic); "strew toys"',
      'spread by scattering ("straw" is archaic)',
      "strew toys",
    ],
    ['"only an example here"', "", "only an example here"],
    ["", ""],
  ];
  for (const [gloss, definition, ...examples] of cases)
    it(`takes ${JSON.stringify(gloss)} apart`, () => {
      expect(parseGloss(gloss)).toEqual({ definition, examples });
    });
});
