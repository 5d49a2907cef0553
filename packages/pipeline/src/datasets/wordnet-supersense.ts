import { supersenseExamples } from "@kgraft/kg";
import { streams } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import type { DatasetDefinition } from "./dataset-definition.ts";

const limit = (part: string): z.ZodOptional<z.ZodInt> =>
  z.int().min(1).optional().describe(`Most ${part} examples, drawn at random. Default: all`);

const options = z.strictObject({
  splitSeed: z
    .int()
    .min(0)
    .default(1)
    .describe(
      "Divides the synsets into parts; apart from the run's seed, so that all seeds are scored on the same lines",
    ),
  train: limit("training"),
  validation: limit("validation"),
  test: limit("test"),
});

/**
 * Typing of the marked word in WordNet's example sentences with the 41 noun and verb lexicographer files as types. No
 * synset and no sentence is in two parts.
 */
export const wordnetSupersense: DatasetDefinition<z.infer<typeof options>> = {
  name: "wordnet-supersense",
  summary: "Example sentences of WordNet's nouns and verbs, the marked word to be typed by 41 lexicographer files.",
  options,
  async create({ splitSeed, ...most }, { graph }) {
    const parts = await supersenseExamples({ graph: await graph(), seed: splitSeed });
    const drawn = (part: "train" | "validation" | "test"): readonly TextExample[] =>
      sample(parts[part], most[part], splitSeed, part);
    return { train: drawn("train"), validation: drawn("validation"), test: drawn("test") };
  },
};

/** The first `most` of a seeded permutation: a smaller sample is a part of a larger one. */
function sample<T>(items: readonly T[], most: number | undefined, seed: number, part: string): readonly T[] {
  if (most === undefined || most >= items.length) return items;
  const order = streams(seed).at(`dataset/${part}`).permutation(items.length);
  return Array.from(order.subarray(0, most), (index) => items[index] as T);
}
