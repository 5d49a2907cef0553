import { InputError } from "@kgraft/runtime";
import { type Loss, ops, type ParameterSpec, type StepContext, tf, type Weights } from "@kgraft/tensor";
import type { ConfigJson } from "../config.ts";
import type { EncoderConfig } from "../contract.ts";
import { families, familyOf } from "../families/families.ts";
import type { Family, HeadName, HeadNames } from "../families/family.ts";
import { firstStates } from "../first-states.ts";
import { activate, linear } from "../layers.ts";
import { linearSpecs } from "../parameters.ts";

/** A head of one or two linear layers over an encoder's last hidden states. */
export interface LinearHead {
  /** The architecture that config.json states for encoder and head. */
  readonly architecture: string;
  /** Its own parameters under the family's names; a pooler that it reads is the encoder's. */
  readonly parameters: readonly ParameterSpec[];
  /** Whether it reads the encoder's pooler. */
  readonly pooled: boolean;
  /**
   * Scores whole sequences, or every piece.
   *
   * @param hidden last hidden states, float32 [B, T, H]
   * @param positions int32 [K], rows of `hidden` seen as [B·T, H]: the sequences' first pieces, or the pieces to score; absent: the first of every row, or all
   * @returns float32 [B, N], or [B, T, N] for heads that score every piece; [K, N] where positions are given
   */
  logits(weights: Weights, hidden: tf.Tensor, context: StepContext, positions?: tf.Tensor): tf.Tensor;
}

/** Outputs of the heads whose number is fixed by what they say. */
const fixedOutputs: Readonly<Partial<Record<HeadName, number>>> = {
  "next-sentence": 2,
  "sentence-order": 2,
  "replaced-token": 1,
  "span-extraction": 2,
};

/** How {@link linearHead} makes a head. */
export interface LinearHeadOptions {
  /** N: labels of a classification. Default: what the head is made for, 2 or (replaced-token) 1. */
  readonly outputs?: number;
  /** The model's config.json, which may state the head's dropout. */
  readonly configJson?: ConfigJson | undefined;
  /** Put before the names of its own parameters, e.g. `head/triple-classification/`. Default: nothing. */
  readonly prefix?: string;
}

/**
 * Makes a head that belongs to an encoder, under its family's names.
 *
 * `next-sentence`: label 0 = B follows A. `sentence-order`: 0 = as in the text. `replaced-token`: one logit, high =
 * replaced. `span-extraction`: column 0 start, 1 end.
 *
 * @throws InputError `encoder.head` where the family has no such head, naming those that have
 * @source the `…For…` classes of BERT, RoBERTa, XLM-R, DistilBERT, ALBERT and ELECTRA in `transformers` 5
 */
export function linearHead(config: EncoderConfig, name: HeadName, options: LinearHeadOptions = {}): LinearHead {
  const family = familyOf(config.modelType);
  const names = prefixed(headNames(family, name), options.prefix ?? "");
  const outputs = options.outputs ?? fixedOutputs[name];
  if (outputs === undefined) throw withoutOutputs(name);
  const { hiddenSize, initializerRange } = config;
  return {
    architecture: names.architecture,
    pooled: names.reads === "pooled",
    parameters: [
      ...(names.hidden === undefined ? [] : linearSpecs(names.hidden.stem, hiddenSize, hiddenSize, initializerRange)),
      ...linearSpecs(names.output, outputs, hiddenSize, initializerRange),
    ],
    logits: logitsOf(family, names, config, dropoutRate(names, config, options.configJson)),
  };
}

/** Where the states that a head reads stand: those asked for, else each sequence's first or all. */
function statesRead(names: HeadNames, hidden: tf.Tensor, positions: tf.Tensor | undefined): tf.Tensor {
  const size = hidden.shape[2] as number;
  if (positions !== undefined) return ops.gatherRows(tf.reshape(hidden, [-1, size]), positions); // [K, H]
  return names.reads === "every" ? hidden : firstStates(hidden); // [B, T, H] or [B, H]
}

function logitsOf(family: Family, names: HeadNames, config: EncoderConfig, rate: number): LinearHead["logits"] {
  return (weights, hidden, context, positions) => {
    const drop = (x: tf.Tensor, place: "read" | "hidden") =>
      names.dropout.includes(place) ? ops.dropout(x, rate, context, `head/${names.output}/${place}`) : x;
    let x = statesRead(names, hidden, positions);
    if (names.reads === "pooled") x = tf.tanh(linear(weights, `${family.prefix}${family.names.pooler}`, x));
    x = drop(x, "read");
    if (names.hidden !== undefined) {
      const { stem, activation = config.activation } = names.hidden;
      x = drop(activate(linear(weights, stem, x), activation), "hidden");
    }
    return linear(weights, names.output, x);
  };
}

/** The names with something before those of the head's own parameters. */
function prefixed(names: HeadNames, prefix: string): HeadNames {
  const { hidden, output } = names;
  return { ...names, output: prefix + output, ...(hidden && { hidden: { ...hidden, stem: prefix + hidden.stem } }) };
}

function dropoutRate({ dropoutRate: place }: HeadNames, config: EncoderConfig, json: ConfigJson = {}): number {
  const stated = place === undefined ? undefined : json[place.key];
  return typeof stated === "number" ? stated : (place?.default ?? config.hiddenDropout);
}

function headNames(family: Family, name: HeadName): HeadNames {
  const names = family.heads[name];
  if (names !== undefined) return names;
  const having = [...families.values()].filter(({ heads }) => heads[name] !== undefined);
  throw new InputError({
    code: "encoder.head",
    at: "encoder.linearHead",
    problem: `the family "${family.modelType}" has no head "${name}"`,
    wanted: `Families that have it: ${having.map(({ modelType }) => modelType).join(", ")}`,
  });
}

function withoutOutputs(name: HeadName): InputError {
  return new InputError({
    code: "encoder.head.outputs",
    at: "encoder.linearHead",
    problem: `"${name}" is asked for without a number of outputs`,
    wanted: "Wanted one for each label",
  });
}

/**
 * Cross-entropy of where answers start and end, the mean of both.
 *
 * @param logits of `span-extraction`, float32 [B, T, 2]
 * @param starts int32 [B], in [0, T) even where the weight is 0
 * @param ends   int32 [B], likewise, the answer's last piece
 * @param counts float32 [B], 0 where a row holds no answer
 * @source `…ForQuestionAnswering` in `transformers` 5: padding takes part in the softmax
 */
export function spanExtractionLoss(logits: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor, counts: tf.Tensor): Loss {
  const [start, end] = tf.unstack(logits, -1) as [tf.Tensor, tf.Tensor]; // [B, T] each
  const first = ops.softmaxCrossEntropy(start, starts, counts);
  const last = ops.softmaxCrossEntropy(end, ends, counts);
  return { sum: tf.div(tf.add(first.sum, last.sum), 2), weight: first.weight };
}
