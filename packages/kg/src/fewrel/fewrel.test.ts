import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "@kgraft/runtime";
import { describe, expect, it, onTestFinished } from "vitest";
import { fewrel, fewrelExamples, fewrelSplits } from "../index.ts";

const data = process.env.KGRAFT_DATA;
const noData = data === undefined ? " (skipped: KGRAFT_DATA is not set)" : "";

const instance = (tokens: string, head: string, tail: string) => {
  const words = tokens.split(" ");
  const mention = (name: string) => [name.toLowerCase(), `Q-${name}`, [[words.indexOf(name)]]];
  return { tokens: words, h: mention(head), t: mention(tail) };
};

/** 300 sentences of 2 relations between 60 entities; one stands in both files. */
async function madeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-fewrel-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const all = Array.from({ length: 300 }, (_, i) =>
    instance(`On day ${i % 150} E${i % 60} met F${(7 * i) % 53} .`, `E${i % 60}`, `F${(7 * i) % 53}`),
  );
  await writeFile(join(folder, "relations-a.json"), JSON.stringify({ P1: all.slice(0, 150), P2: all.slice(150) }));
  await writeFile(join(folder, "relations-b.json"), JSON.stringify({ P1: all.slice(0, 1) }));
  return folder;
}

describe("FewRel's examples", () => {
  it("have the pair as targets and mentions, and are given once", async () => {
    const { train, validation, test } = await fewrelExamples(await madeFolder(), { seed: 1, by: "instance" });
    const all = [...train, ...validation, ...test];
    expect(all).toHaveLength(300);
    for (const { text, targets, mentions, labels } of all) {
      const [head, tail] = targets.map(({ start, end }) => text.slice(start, end));
      expect(mentions.map(({ start, end, entity }) => [text.slice(start, end), entity])).toEqual([
        [head, `Q-${head}`],
        [tail, `Q-${tail}`],
      ]);
      expect(["P1", "P2"]).toContain(labels[0]);
    }
    expect(test.length).toBeGreaterThan(30);
    expect(validation.length).toBeGreaterThan(30);
  });

  it.each(fewrelSplits)("share between parts what %s allows, whatever the order of files", async (by) => {
    const path = await madeFolder();
    const parts = await fewrelExamples(path, { seed: 3, by });
    expect(await fewrelExamples(path, { seed: 3, by })).toEqual(parts);
    const others = [...parts.validation, ...parts.test];
    const sentences = new Set(parts.train.map(({ text }) => text));
    const heads = new Set(parts.train.map(({ text, targets }) => text.slice(targets[0].start, targets[0].end)));
    if (by === "sentence") expect(others.filter(({ text }) => sentences.has(text))).toEqual([]);
    if (by === "head")
      expect(others.filter(({ text, targets }) => heads.has(text.slice(targets[0].start, targets[0].end)))).toEqual([]);
    if (by === "entity") {
      const entities = new Set(parts.train.flatMap(({ mentions }) => mentions.map(({ entity }) => entity)));
      expect(others.filter(({ mentions }) => mentions.some(({ entity }) => entities.has(entity)))).toEqual([]);
    }
  });

  it("leave their graph without any pair of the held-out parts", async () => {
    const path = await madeFolder();
    const trainingPart = { seed: 1, by: "instance" as const };
    const { validation, test } = await fewrelExamples(path, trainingPart);
    const graph = await fewrel.create({ path, trainingPart }, { progress: silent });
    const held = new Set(
      [...validation, ...test].map(({ mentions }) =>
        mentions
          .map(({ entity }) => entity)
          .sort()
          .join(" "),
      ),
    );
    let triples = 0;
    for await (const { head, tail } of graph.triples()) {
      triples++;
      expect(held.has([head, tail].sort().join(" "))).toBe(false);
    }
    expect(triples).toBeGreaterThan(10);
  });

  it("refuse positions outside the sentence, and a folder without files", async () => {
    const path = await madeFolder();
    await writeFile(
      join(path, "relations-c.json"),
      JSON.stringify({ P9: [{ ...instance("A met B", "A", "B"), t: ["b", "Q", [[7]]] }] }),
    );
    await expect(fewrelExamples(path, { seed: 1, by: "instance" })).rejects.toThrow(
      "relations-c.json P9[0]: Q stands at [7] of 3 tokens. Wanted positions of tokens, counted from 0.",
    );
    const empty = await mkdtemp(join(tmpdir(), "kgraft-fewrel-"));
    onTestFinished(() => rm(empty, { recursive: true }));
    await expect(fewrelExamples(empty, { seed: 1, by: "instance" })).rejects.toThrow(
      "the folder has no relations*.json",
    );
  });
});

describe.skipIf(data === undefined)(`published FewRel${noData}`, () => {
  it("has 29,400 distinct sentences with 42 relations", async () => {
    const parts = await fewrelExamples(join(data as string, "fewrel"), { seed: 1, by: "sentence" });
    const all = Object.values(parts).flat();
    expect(all).toHaveLength(29_400);
    expect(new Set(all.map(({ labels }) => labels[0])).size).toBe(42);
    expect(new Set(all.map(({ id }) => id)).size).toBe(29_400);
  });
});
