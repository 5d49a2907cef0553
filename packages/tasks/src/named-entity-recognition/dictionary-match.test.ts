import { buildGraph } from "@kgraft/kg";
import { describe, expect, it } from "vitest";
import { dictionaryMatch } from "./dictionary-match.ts";

const graph = () =>
  buildGraph("made up", {
    entities: ["头痛", "头", "肺炎", "kind-a", "kind-b"].map((id) => ({
      id,
      label: id,
      aliases: [],
      types: [],
      properties: {},
    })),
    triples: ["头痛 kind-a", "头 kind-b", "肺炎 kind-a"].map((line) => {
      const [head = "", tail = ""] = line.split(" ");
      return { head, relation: "类别", tail };
    }),
  });

describe("the dictionary baseline", () => {
  it("takes the longest label at each place, with the type that training has for what the graph says of it", async () => {
    const train = [
      { id: "1", text: "头痛", spans: [{ start: 0, end: 2, label: "Symptom" }] },
      { id: "2", text: "头", spans: [{ start: 0, end: 1, label: "Part" }] },
    ];
    const [spans, none] = await dictionaryMatch(await graph(), train, [
      { id: "3", text: "肺炎及头痛头" },
      { id: "4", text: "及" },
    ]);
    expect(spans).toEqual([
      { start: 0, end: 2, label: "Symptom" },
      { start: 3, end: 5, label: "Symptom" },
      { start: 5, end: 6, label: "Part" },
    ]);
    expect(none).toEqual([]);
    expect(await dictionaryMatch(await graph(), [], [{ id: "5", text: "头痛" }])).toEqual([[]]);
  });
});
