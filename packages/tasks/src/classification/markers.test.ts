import { describe, expect, it } from "vitest";
import { markSpans, markTarget } from "./markers.ts";

const example = {
  id: "1",
  text: "The bank of Avon lies here",
  target: { start: 4, end: 8 },
  mentions: [
    { start: 0, end: 3, entity: "before" },
    { start: 4, end: 8, entity: "target" },
    { start: 4, end: 16, entity: "from the target on" },
    { start: 12, end: 16, entity: "behind" },
  ],
};

describe("markers", () => {
  it("stand around the target, and every span still covers the words it covered", () => {
    const marked = markTarget(example, ["。 ", " 。"]);
    expect(marked.text).toBe("The 。 bank 。 of Avon lies here");
    const words = ({ start, end }: { start: number; end: number }) => marked.text.slice(start, end);
    expect(words(marked.target as { start: number; end: number })).toBe("bank");
    expect(marked.mentions?.map(words)).toEqual(["The", "bank", "bank 。 of Avon", "Avon"]);
    expect(marked.mentions?.map(({ entity }) => entity)).toEqual(example.mentions.map(({ entity }) => entity));
  });

  it("stand around several spans, nested and side by side", () => {
    const mark = (text: string, head: [number, number], tail: [number, number]) => {
      const targets = [
        { start: head[0], end: head[1] },
        { start: tail[0], end: tail[1] },
      ] as const;
      const marked = markSpans({ id: "1", text, targets }, [
        { span: targets[0], before: "# ", after: " #" },
        { span: targets[1], before: "$ ", after: " $" },
      ]);
      return [marked.text, ...(marked.targets ?? []).map(({ start, end }) => marked.text.slice(start, end))];
    };
    expect(mark("Bob met Ann", [8, 11], [0, 3])).toEqual(["$ Bob $ met # Ann #", "Ann", "Bob"]);
    expect(mark("ab", [0, 1], [1, 2])).toEqual(["# a #$ b $", "a", "b"]);
    expect(mark("New York City", [0, 13], [0, 8])).toEqual(["# $ New York $ City #", "New York $ City", "New York"]);
  });

  it("of nothing change nothing", () => {
    expect(markTarget(example, ["", ""])).toEqual(example);
  });
});
