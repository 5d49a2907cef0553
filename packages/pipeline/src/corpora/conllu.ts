import { pathOption } from "@kgraft/runtime";
import { readConllu } from "@kgraft/text";
import { z } from "zod";
import type { CorpusDefinition } from "./corpus-definition.ts";
import { withoutTexts } from "./left-out.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("CoNLL-U file, plain or .gz"),
});

/** Sentences of a CoNLL-U file with their dependency trees. */
export const conllu: CorpusDefinition<z.infer<typeof options>> = {
  name: "conllu",
  summary: "Sentences with dependency trees from a CoNLL-U file, plain or gzip.",
  options,
  examples: "text",
  create: ({ path }, { leaveOut }) => withoutTexts(leaveOut, readConllu(path)),
};
