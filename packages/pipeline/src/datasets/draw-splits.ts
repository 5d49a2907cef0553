import { streams } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";

const limit = (part: string): z.ZodOptional<z.ZodInt> =>
  z.int().min(1).optional().describe(`Most ${part} examples, drawn at random. Default: all`);

/** How many examples of each part a data set gives. */
export const mostOptions = { train: limit("training"), validation: limit("validation"), test: limit("test") };

/** Draws examples of each part: the first of a seeded permutation, so that a smaller sample is a part of a larger one. */
export function drawSplits(
  parts: Splits,
  most: { readonly [Part in keyof Splits]?: number | undefined },
  seed: number,
): Splits {
  const drawn = (part: keyof Splits): readonly TextExample[] => {
    const [items, count] = [parts[part], most[part]];
    if (count === undefined || count >= items.length) return items;
    const order = streams(seed).at(`dataset/${part}`).permutation(items.length);
    return Array.from(order.subarray(0, count), (index) => items[index] as TextExample);
  };
  return { train: drawn("train"), validation: drawn("validation"), test: drawn("test") };
}
