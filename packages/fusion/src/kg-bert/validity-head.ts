import { type EncoderConfig, linearHead } from "@kgraft/encoder";
import type { Draw } from "@kgraft/runtime";
import { type HostArray, ops } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { arrayOf } from "../batch.ts";
import type { FusionHead, PreparedExample } from "../contract.ts";

/** Whether an example's triple is true (1) or not (0); undefined where its labels do not say. */
export type Validity = 0 | 1 | undefined;

const prefix = "fusion/kg-bert/";

/** The arrays that pre-training adds to a batch. */
const arrays = {
  /** int32 [B], 1 for a true triple. */
  labels: "fusion/kg-bert/validity",
  /** float32 [B], 0 where nothing says whether the triple is true. */
  counts: "fusion/kg-bert/judged",
} as const;

/** Reads the labels of KG-BERT's files: `1` is true, `-1` or `0` not. */
export function validityOf({ triple, labels }: TextExample): Validity {
  const [label] = labels ?? [];
  if (triple === undefined || labels?.length !== 1) return undefined;
  return label === "1" ? 1 : label === "-1" || label === "0" ? 0 : undefined;
}

/** Pads the validity of a batch's triples; pre-training only. */
export function collateValidity(
  batch: readonly PreparedExample<Validity>[],
  draw: Draw | undefined,
): Readonly<Record<string, HostArray>> {
  if (draw === undefined) return {};
  const shape = [batch.length];
  return {
    [arrays.labels]: { dtype: "int32", shape, data: Int32Array.from(batch, ({ knowledge = 0 }) => knowledge) },
    [arrays.counts]: {
      dtype: "float32",
      shape,
      data: Float32Array.from(batch, ({ knowledge }) => (knowledge === undefined ? 0 : 1)),
    },
  };
}

/**
 * Triple validity as a pre-training loss: softmax cross-entropy of two logits on the pooled first state, class 1 = true.
 *
 * @source Yao et al., 2019, equations 1 and 2; as in the released code, through the pooler and with a softmax
 */
export function validityHead(encoder: EncoderConfig): FusionHead {
  const { parameters, logits } = linearHead(encoder, "sequence-classification", { outputs: 2, prefix });
  return {
    parameters,
    loss: (hidden, _stream, { weights, batch, context }) =>
      ops.softmaxCrossEntropy(
        logits(weights, hidden, context),
        arrayOf(batch, arrays.labels),
        arrayOf(batch, arrays.counts),
      ),
  };
}

/** What the released scripts call the head's parameters: its family's own names. */
export function officialHeadNames({ parameters }: FusionHead): Readonly<Record<string, string>> {
  return Object.fromEntries(parameters.map(({ name }) => [name, name.slice(prefix.length)]));
}
