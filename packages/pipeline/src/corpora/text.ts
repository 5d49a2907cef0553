import { pathOption } from "@kgraft/runtime";
import { type CorpusRecord, readCorpus, type TextExample } from "@kgraft/text";
import { z } from "zod";
import type { CorpusDefinition } from "./corpus-definition.ts";
import { withoutTexts } from "./left-out.ts";

const path = z.string().meta(pathOption);

const options = z.strictObject({
  path: z
    .union([path, z.array(path).min(1)])
    .describe("Plain text or JSON Lines with text, or a list of such files; .gz too"),
  documentEnd: z
    .enum(["blank-line", "line"])
    .default("blank-line")
    .describe("What ends a document of plain text: a blank line, or every line's end"),
  onError: z.enum(["stop", "skip"]).default("stop").describe("What a broken line does; skipped lines are counted"),
});

/** Documents of plain text, or of JSON Lines of which only ids, texts with their pairs, and mentions are read. */
export const text: CorpusDefinition<z.infer<typeof options>> = {
  name: "text",
  summary: "Documents from plain text files, or JSON Lines with other keys beside text; also gzip.",
  options,
  examples: "text",
  create({ path: stated, documentEnd, onError }, { leaveOut, progress }) {
    const paths = typeof stated === "string" ? [stated] : stated;
    return withoutTexts(leaveOut, examplesOf(readCorpus(paths, { documentEnd, onError, progress })));
  },
};

async function* examplesOf(records: AsyncIterable<CorpusRecord>): AsyncGenerator<TextExample> {
  for await (const { document } of records) yield document.example;
}
