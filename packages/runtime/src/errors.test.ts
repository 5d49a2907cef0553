import { describe, expect, it } from "vitest";
import { didYouMean, ErrorList, InputError, KgraftError, messageOf, RunError, suggestion } from "./index.ts";

describe("errors", () => {
  it("say where, what, what was wanted and how to mend it", () => {
    const cause = new Error("inner");
    const error = new InputError({
      code: "kg.triples.fields",
      at: "triples.tsv:41",
      problem: "has 2 fields",
      wanted: "Wanted three",
      fix: "Use tabs",
      cause,
    });
    expect(error.message).toBe("triples.tsv:41: has 2 fields. Wanted three. Use tabs.");
    expect(error).toMatchObject({
      name: "InputError",
      code: "kg.triples.fields",
      at: "triples.tsv:41",
      exitCode: 2,
      cause,
    });
    expect(error).toBeInstanceOf(KgraftError);
  });

  it("leave out what is not given and end every sentence once", () => {
    expect(new RunError({ code: "c", at: "a", problem: "is it?", fix: "Yes!" }).message).toBe("a: is it? Yes!");
    const bare = new RunError({ code: "c", at: "a", problem: "broke.", wanted: "" });
    expect(bare.message).toBe("a: broke.");
    expect(bare.exitCode).toBe(1);
    expect("cause" in bare).toBe(false);
  });

  it("are reported together, and bad input outweighs a failed run", () => {
    const failed = new RunError({ code: "one", at: "a", problem: "failed" });
    const wrong = new InputError({ code: "two", at: "b", problem: "wrong" });
    const both = new ErrorList([failed, wrong]);
    expect(both.message).toBe("a: failed.\nb: wrong.");
    expect(both).toMatchObject({ name: "ErrorList", code: "one", at: "a", exitCode: 2, errors: [failed, wrong] });
    expect(new ErrorList([failed]).exitCode).toBe(1);
  });
});

describe("didYouMean", () => {
  const strategies = ["ernie-thu", "k-adapter", "k-bert", "kg-bert", "none", "wklm"];
  const cases: [name: string, names: string[], meant: string | undefined][] = [
    ["k-brt", strategies, "k-bert"],
    ["ernie", strategies, undefined],
    ["ernie-th", strategies, "ernie-thu"],
    ["K-BERT", strategies, "k-bert"],
    ["non", strategies, "none"],
    ["roberta-large", strategies, undefined],
    ["x", ["a", "b"], undefined],
    ["ab", ["cd"], undefined],
    ["ab", ["ac"], "ac"],
    ["anything", [], undefined],
    ["", ["a"], undefined],
  ];
  for (const [name, names, meant] of cases)
    it(`${JSON.stringify(name)}: ${meant}`, () => {
      expect(didYouMean(name, names)).toBe(meant);
      expect(suggestion(name, names)).toBe(meant === undefined ? undefined : `Did you mean "${meant}"?`);
    });
});

describe("messageOf", () => {
  it("gives one line of anything thrown", () => {
    expect(messageOf(new Error("first\n   second\n\n"))).toBe("first second");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(undefined)).toBe("undefined");
  });
});
