import { createEncoder, type TransformerEncoder } from "@kgraft/encoder";
import type { PreparedText } from "@kgraft/fusion";
import { type Draw, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import type { Encoding } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import { madeWorld } from "../testing/made-world.ts";
import { typingHead } from "./head.ts";

let encoder: TransformerEncoder;
beforeAll(async () => {
  await openBackend("cpu");
  encoder = createEncoder((await madeWorld()).config);
});

const [rows, length, types] = [3, 6, 4];
const pieces = [[2], [1, 2, 3], [4, 5]];
const gold = [["c"], ["a"], ["d"]];
const number = new Map([..."abcd"].map((label, index) => [label, index]));

const examples: readonly PreparedText[] = pieces.map((targetPieces, row) => ({
  example: { id: `${row}`, text: "", labels: gold[row] as string[] },
  encoding: {} as Encoding,
  knowledge: undefined,
  targetPieces,
  padId: 0,
}));

const normal = (draw: Draw, size: number) => draw.fillNormal(new Float32Array(size), 1);

/** Runs the head on random states; the reference is given the same numbers. */
function computed(labels: "single" | "multiple", pooling: "mention-mean" | "first-piece" | "cls") {
  const size = encoder.config.hiddenSize;
  const head = typingHead(encoder, types, { labels, pooling, dropout: 0.1 });
  const parameters = Parameters.create(head.parameters, streams(1));
  const weight = normal(streams(2).at("weight"), types * size);
  const bias = normal(streams(2).at("bias"), types);
  const hidden = normal(streams(2).at("hidden"), rows * length * size);
  parameters.assign("head/entity-typing/classifier.weight", { dtype: "float32", shape: [types, size], data: weight });
  parameters.assign("head/entity-typing/classifier.bias", bias);
  const [logits, mean] = tf.tidy(() => {
    const batch = toDevice({
      ...head.reading(examples, { rows, length }),
      ...head.goldArrays(examples, number),
    });
    const at = { weights: parameters, batch, context: inference };
    const scored = head.logits(tf.tensor3d(hidden, [rows, length, size]), at);
    const { sum, weight: count } = head.loss(scored, at);
    return [scored.dataSync(), (sum.dataSync()[0] as number) / (count.dataSync()[0] as number)];
  }) as unknown as [Float32Array, number];
  parameters.dispose();
  return { logits, mean, wanted: reference({ hidden, weight, bias, size, pooling }) };
}

/** W · mean(states of the pieces read) + b, in double precision. */
function reference(given: {
  readonly hidden: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly size: number;
  readonly pooling: string;
}): number[][] {
  const { hidden, weight, bias, size, pooling } = given;
  return pieces.map((all, row) => {
    const read = { "mention-mean": all, "first-piece": all.slice(0, 1), cls: [0] }[pooling] as number[];
    const mean = Array.from({ length: size }, (_, i) => {
      const states = read.map((piece) => hidden[(row * length + piece) * size + i] as number);
      return states.reduce((sum, state) => sum + state, 0) / read.length;
    });
    return Array.from(bias, (start, type) =>
      mean.reduce((sum, state, i) => sum + state * (weight[type * size + i] as number), start),
    );
  });
}

describe("the typing head", () => {
  it.each(["mention-mean", "first-piece", "cls"] as const)("computes W · %s + b", (pooling) => {
    const { logits, wanted } = computed("single", pooling);
    for (const [i, logit] of wanted.flat().entries()) expect(logits[i]).toBeCloseTo(logit, 4);
  });

  it("has the mean cross-entropy of the softmax as its loss with one label each", () => {
    const { mean, wanted } = computed("single", "mention-mean");
    const losses = wanted.map((logits, row) => {
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      return Math.log(total) - (logits[number.get(gold[row]?.[0] as string) as number] as number);
    });
    expect(mean).toBeCloseTo(losses.reduce((a, b) => a + b) / rows, 4);
  });

  it("has the mean binary cross-entropy over rows and types with any number of labels", () => {
    const { mean, wanted } = computed("multiple", "mention-mean");
    const losses = wanted.flatMap((logits, row) =>
      logits.map((logit, type) => {
        const probability = 1 / (1 + Math.exp(-logit));
        return -Math.log(number.get(gold[row]?.[0] as string) === type ? probability : 1 - probability);
      }),
    );
    expect(mean).toBeCloseTo(losses.reduce((a, b) => a + b) / losses.length, 4);
  });
});
