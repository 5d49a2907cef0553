import { pathOption } from "@kgraft/runtime";
import { readExamples } from "@kgraft/text";
import { z } from "zod";
import type { CorpusDefinition } from "./corpus-definition.ts";
import { withoutTexts } from "./left-out.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("JSON Lines of {id, text, mentions?}, plain or .gz"),
  offsets: z.enum(["codePoints", "utf16"]).default("codePoints").describe("What offsets in the file count"),
  onError: z.enum(["stop", "skip"]).default("stop").describe("What a broken line does; skipped lines are counted"),
});

/** Text from a JSON Lines file. */
export const jsonl: CorpusDefinition<z.infer<typeof options>> = {
  name: "jsonl",
  summary: "Text from a JSON Lines file, plain or gzip.",
  options,
  examples: "text",
  create: ({ path, offsets, onError }, { leaveOut, progress }) =>
    withoutTexts(leaveOut, readExamples(path, { offsets, onError, progress })),
};
