import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { pairObjective } from "./pair-classes.ts";

const options = z.strictObject({});

/** Next sentence prediction: does the second segment follow the first, or is it from another document? */
export const nsp: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "nsp",
  summary: "Next sentence prediction over pairs of segments: the second follows, or is from another document.",
  paper: {
    title: "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    authors: "Devlin, Chang, Lee and Toutanova",
    venue: "NAACL 2019",
    url: "https://aclanthology.org/N19-1423",
  },
  options,
  create: (_, { encoder }) => pairObjective(encoder, nsp.name, { pairs: "next", familyHead: "next-sentence" }),
};
