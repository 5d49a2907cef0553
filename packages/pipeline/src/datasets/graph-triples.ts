import { indexTriples, splitTriples, type TripleIndex } from "@kgraft/kg";
import { collect, streams } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import { entityTextOption, triplesInWords } from "../triples-in-words.ts";
import type { DatasetDefinition } from "./dataset-definition.ts";

const share = (part: string): z.ZodDefault<z.ZodNumber> =>
  z.number().min(0).max(0.5).default(0.1).describe(`Share of the triples that are ${part}`);

const options = z
  .strictObject({
    validation: share("validation"),
    test: share("test"),
    splitSeed: z
      .int()
      .min(0)
      .default(1)
      .describe("Divides the triples; apart from the run's seed, so that all seeds are scored on the same"),
    entityText: entityTextOption,
  })
  .refine(({ validation, test }) => validation + test < 1, { path: ["test"], message: "leaves nothing for training" });

/** The triples of the config's own graph; what stands between two entities is in one part. */
export const graphTriples: DatasetDefinition<z.infer<typeof options>> = {
  name: "graph-triples",
  summary: "The triples of the config's graph, divided so that no two parts have triples between the same entities.",
  options,
  async create({ entityText, splitSeed, ...shares }, { graph }) {
    const opened = await graph();
    const index = await indexTriples(opened);
    const words = new Map<string, TextExample>();
    for (const example of await collect(triplesInWords(opened, entityText))) words.set(keyOf(example), example);
    const parts = splitTriples(index, { ...shares, streams: streams(splitSeed) });
    const part = (of: TripleIndex): TextExample[] => idTriples(of).flatMap((key) => words.get(key) ?? []);
    return { train: part(parts.train), validation: part(parts.validation), test: part(parts.test) };
  },
};

const key = (head: string, relation: string, tail: string): string => JSON.stringify([head, relation, tail]);

function keyOf({ triple }: TextExample): string {
  return triple === undefined ? "" : key(triple.head.id, triple.relation.id, triple.tail.id);
}

function idTriples({ triples, entityIds, relationIds }: TripleIndex): readonly string[] {
  return Array.from({ length: triples.length / 3 }, (_, i) => {
    const [head = 0, relation = 0, tail = 0] = triples.subarray(3 * i, 3 * i + 3);
    return key(entityIds[head] as string, relationIds[relation] as string, entityIds[tail] as string);
  });
}
