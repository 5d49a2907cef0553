import { z } from "zod";

/** The options of `kg-bert`. */
export const kgBertOptions = z.strictObject({
  truncation: z
    .enum(["balanced", "official"])
    .default("balanced")
    .describe(
      "How a triple is cut to the length limit. balanced: the longest part gives way first and none is emptied; official: as the released code, which stops with an error where it would empty a part",
    ),
});

/** Options of `kg-bert`, parsed. */
export type KgBertOptions = z.infer<typeof kgBertOptions>;
