import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { pairHead } from "./pair-classes.ts";

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
  create(_, { encoder }) {
    const head = pairHead(encoder, { objective: nsp.name, classes: 2, familyHead: "next-sentence" });
    return {
      name: nsp.name,
      lossNames: [nsp.name],
      pairs: "next",
      parameters: head.parameters,
      corrupt: head.targets,
      losses: (hidden, __, at) => ({ [nsp.name]: head.loss(hidden, at) }),
    };
  },
};
