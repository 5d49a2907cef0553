import { describe, expect, it } from "vitest";
import { markTarget } from "./markers.ts";

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

  it("of nothing change nothing", () => {
    expect(markTarget(example, ["", ""])).toEqual(example);
  });
});
