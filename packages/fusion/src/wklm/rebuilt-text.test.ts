import type { Mention, TextExample, TextSpan } from "@kgraft/text";
import { expect, it } from "vitest";
import { rebuildText } from "./rebuilt-text.ts";

const text = "In Bern and in Rome it rains";
const [bern, rome] = [
  { start: 3, end: 7, entity: "Q70", score: 0.5, candidates: [{ entity: "Q70", score: 0.5 }] },
  { start: 15, end: 19, entity: "Q220", score: 0.7 },
] as const;
const words = (example: TextExample, { start, end }: TextSpan): string => example.text.slice(start, end);

it("counts the offsets of later mentions, of the target and of both targets anew", () => {
  const example = {
    id: "1",
    text,
    mentions: [rome, bern],
    target: rome,
    targets: [bern, rome] as const,
    labels: ["x"],
  };
  const rebuilt = rebuildText(example, example.mentions, new Map([[bern, { entity: "Q2", name: "New York" }]]));
  expect(rebuilt).toMatchObject({ id: "1", text: "In New York and in Rome it rains", labels: ["x"] });
  expect(rebuilt.mentions).toEqual([
    { ...rome, start: 19, end: 23 },
    { start: 3, end: 11, entity: "Q2", replaces: "Q70" },
  ]);
  expect(words(rebuilt, rebuilt.target as TextSpan)).toBe("Rome");
  expect(rebuilt.targets?.map((span) => words(rebuilt, span))).toEqual(["New York", "Rome"]);
});

it("stretches a span that begins or ends inside a replaced mention, and leaves those that touch it", () => {
  const spans: readonly [TextSpan, string][] = [
    [{ start: 4, end: 11 }, "X and"],
    [{ start: 0, end: 5 }, "In X"],
    [{ start: 4, end: 6 }, "X"],
    [{ start: 0, end: 3 }, "In "],
    [{ start: 7, end: 11 }, " and"],
    [{ start: 0, end: 28 }, "In X and in Paestum it rains"],
    [{ start: 16, end: 22 }, "Paestum it"],
  ];
  for (const [target, expected] of spans) {
    const replacements = new Map<Mention, { readonly entity: string; readonly name: string }>([
      [rome, { entity: "Q3", name: "Paestum" }],
      [bern, { entity: "Q2", name: "X" }],
    ]);
    const rebuilt = rebuildText({ id: "1", text, mentions: [bern, rome], target }, [bern, rome], replacements);
    expect(words(rebuilt, rebuilt.target as TextSpan)).toBe(expected);
  }
});
