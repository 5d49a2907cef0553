import { families, firstStates, type HeadName, linearHead, type TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type SeamInput } from "@kgraft/fusion";
import { type HostArray, type Loss, ops, tf } from "@kgraft/tensor";
import { classifier } from "../../classification/classifier.ts";
import type { Objective, ObjectiveBatch } from "../../contract.ts";

/** A head that tells how two segments belong together. */
export interface PairHead {
  readonly parameters: ReturnType<typeof linearHead>["parameters"];
  /** int32 [B], the class of each row, under the objective's name. */
  targets(batch: ObjectiveBatch): Readonly<Record<string, HostArray>>;
  loss(hidden: tf.Tensor, at: SeamInput): Loss;
}

/** What a pair head is made for. */
export interface PairHeadOptions {
  readonly objective: string;
  readonly classes: number;
  /** The head of the family that is made for it; where it has none, a linear layer of our own over the pooler (or the first token). */
  readonly familyHead?: HeadName | undefined;
}

/** Makes a head over pooled states with softmax cross-entropy. */
export function pairHead(encoder: TransformerEncoder, options: PairHeadOptions): PairHead {
  const { objective } = options;
  const { parameters, logits } = headOf(encoder, options);
  const labels = `objective/${objective}/labels`;
  return {
    parameters,
    targets: ({ examples }) => ({
      [labels]: {
        dtype: "int32",
        shape: [examples.length],
        data: Int32Array.from(examples, ({ example }) => Number(example.labels?.[0] ?? 0)),
      },
    }),
    loss(hidden, at) {
      const scored = logits(hidden, at); // [B, classes]
      return ops.softmaxCrossEntropy(scored, arrayOf(at.batch, labels), tf.ones([scored.shape[0] as number]));
    },
  };
}

/** Makes an objective that only tells the two classes of a pair apart. */
export function pairObjective(
  encoder: TransformerEncoder,
  name: string,
  { pairs, familyHead }: Pick<Objective, "pairs"> & Pick<PairHeadOptions, "familyHead">,
): Objective {
  const head = pairHead(encoder, { objective: name, classes: 2, familyHead });
  return {
    name,
    lossNames: [name],
    ...(pairs && { pairs }),
    parameters: head.parameters,
    corrupt: head.targets,
    losses: (hidden, _, at) => ({ [name]: head.loss(hidden, at) }),
  };
}

function headOf(
  encoder: TransformerEncoder,
  { objective, classes, familyHead }: PairHeadOptions,
): Pick<PairHead, "parameters"> & { logits(hidden: tf.Tensor, at: SeamInput): tf.Tensor } {
  const { config } = encoder;
  const family = families.get(config.modelType);
  if (familyHead !== undefined && family?.heads[familyHead] !== undefined) {
    const head = linearHead(config, familyHead);
    return {
      parameters: head.parameters,
      logits: (hidden, { weights, context }) => head.logits(weights, hidden, context),
    };
  }
  const pooled = family?.names.pooler !== undefined;
  return classifier(config, {
    task: objective,
    classes,
    labels: "single",
    dropout: 0,
    width: config.hiddenSize,
    read: (hidden, { weights }) => (pooled ? encoder.pool(weights, hidden) : firstStates(hidden)),
  });
}
