import type { HeadName, HeadNames } from "./family.ts";

/** Where most families state the dropout of their classifiers; null or absent: the encoder's. */
export const classifierDropout = { key: "classifier_dropout" } as const;

/** Token classification and span extraction, which differ between most families by the prefix of the architecture alone. */
export function linearHeads(
  architecture: string,
): Readonly<Record<Extract<HeadName, "token-classification" | "span-extraction">, HeadNames>> {
  return {
    "token-classification": {
      architecture: `${architecture}ForTokenClassification`,
      reads: "every",
      output: "classifier",
      dropout: ["read"],
      dropoutRate: classifierDropout,
    },
    "span-extraction": {
      architecture: `${architecture}ForQuestionAnswering`,
      reads: "every",
      output: "qa_outputs",
      dropout: [],
    },
  };
}

/** Classification of a text by layers of its own over the first piece: dropout, dense layer, activation, dropout, linear layer. */
export function denseClassifier(architecture: string, activation: "tanh" | "gelu"): HeadNames {
  return {
    architecture: `${architecture}ForSequenceClassification`,
    reads: "first",
    hidden: { stem: "classifier.dense", activation },
    output: "classifier.out_proj",
    dropout: ["read", "hidden"],
    dropoutRate: classifierDropout,
  };
}
