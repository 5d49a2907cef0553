import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, ops, Parameters, type StepContext, tf, type Weights } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  arrayOf,
  divergence,
  type GoldenCase,
  goldenFamilies,
  goldenFolder,
  readCases,
  readGolden,
} from "../../../../tests/golden/golden.ts";
import {
  addParameters,
  type Checkpoint,
  families,
  type HeadName,
  linearHead,
  loadCheckpoint,
  spanExtractionLoss,
} from "../index.ts";

const tolerance = 1e-5;

beforeAll(() => openBackend("wasm"));

describe.each(goldenFamilies)("heads of transformers: %s", (family) => {
  let model: Checkpoint;
  let encoderWeights: Parameters;
  let hidden: tf.Tensor;
  let heads: ReadonlyMap<string, GoldenCase>;

  beforeAll(async () => {
    model = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
    encoderWeights = new Parameters();
    await addParameters(encoderWeights, model.encoder.parameters, model.weights, streams(1), silent);
    const right = (await readGolden(family)).get("right") as GoldenCase;
    hidden = tf.tidy(() => {
      const array = (name: string) => arrayOf(right, name);
      const ids = tf.tensor(array("input_ids").data, [3, 9], "int32");
      const attentionMask = tf.tensor(Uint8Array.from(array("attention_mask").data), [3, 9], "bool");
      return model.encoder.run(encoderWeights, { ids, attentionMask }, inference).stream.hidden;
    });
    heads = await readCases(`${goldenFolder(family)}/heads.safetensors`);
  });
  afterAll(() => {
    encoderWeights.dispose();
    hidden.dispose();
  });

  const weightsOf = (golden: GoldenCase): Weights => {
    const own = new Map(
      [...golden.keys()].flatMap((key) => {
        if (!key.startsWith("weights/")) return [];
        const { data, shape } = arrayOf(golden, key);
        return [[key.slice("weights/".length), tf.tensor(data, [...shape])]] as const;
      }),
    );
    return { get: (name) => own.get(name) ?? encoderWeights.get(name) };
  };

  it("agrees in every head that the family has: names, shapes, scores, losses", () => {
    const named = Object.keys(families.get(family)?.heads ?? {});
    expect(named).toEqual(expect.arrayContaining([...heads.keys()]));
    for (const [name, golden] of heads) {
      const outputs = name.endsWith("-classification") ? { outputs: 3 } : {};
      const head = linearHead(model.encoder.config, name as HeadName, outputs);
      const shapes = Object.fromEntries(head.parameters.map((spec) => [`weights/${spec.name}`, spec.shape]));
      const wanted = [...golden].filter(([key]) => key.startsWith("weights/"));
      expect(shapes).toEqual(Object.fromEntries(wanted.map(([key, { shape }]) => [key, shape])));
      const problems = tf.tidy(() => {
        const logits = head.logits(weightsOf(golden), hidden, inference);
        const loss = lossOf(name, golden, logits);
        return [
          divergence(`${name} logits`, logits.dataSync(), arrayOf(golden, "logits"), tolerance),
          loss && divergence(`${name} loss`, loss.dataSync(), arrayOf(golden, "loss"), tolerance),
        ];
      });
      expect(problems).toEqual([undefined, undefined]);
    }
  });

  it("scores chosen pieces as it scores them among all", () => {
    for (const [name, golden] of heads) {
      const head = linearHead(model.encoder.config, name as HeadName, { outputs: 3 - Number(!/class/.test(name)) });
      if (name === "replaced-token") continue;
      tf.tidy(() => {
        const every = /token|span/.test(name);
        const positions = tf.tensor1d(every ? [1, 25, 9] : [18, 0], "int32");
        const all = head.logits(weightsOf(golden), hidden, inference);
        const chosen = head.logits(weightsOf(golden), hidden, inference, positions);
        const rows = tf.gather(tf.reshape(all, [-1, all.shape.at(-1) as number]), every ? [1, 25, 9] : [2, 0]);
        expect([...chosen.dataSync()]).toEqual([...rows.dataSync()].map((value) => expect.closeTo(value, 5)));
      });
    }
  });
});

/** The loss as `transformers` reduces it: a mean. */
function lossOf(name: string, golden: GoldenCase, logits: tf.Tensor): tf.Tensor | undefined {
  const ids = (key: string) => tf.tensor1d(arrayOf(golden, key).data as Int32Array, "int32");
  if (name === "span-extraction") {
    const { sum, weight } = spanExtractionLoss(logits, ids("starts"), ids("ends"), tf.ones([3]));
    return tf.div(sum, weight);
  }
  if (name !== "replaced-token") return undefined;
  const real = [9, 6, 2].flatMap((length) => Array.from({ length: 9 }, (_, i) => Number(i < length)));
  const labels = Float32Array.from(arrayOf(golden, "labels").data);
  const { sum, weight } = ops.sigmoidCrossEntropy(
    tf.reshape(logits, [27, 1]),
    tf.tensor2d(labels, [27, 1]),
    tf.tensor1d(real),
  );
  return tf.div(sum, weight);
}

describe("a head", () => {
  const sizes = { modelType: "distilbert", vocabularySize: 9, hiddenSize: 4, embeddingSize: 4, numLayers: 1 };
  const rates = { hiddenDropout: 0.1, attentionDropout: 0.1, layerNormEpsilon: 1e-12, initializerRange: 0.02 };
  const config = { ...sizes, ...rates, numHeads: 1, intermediateSize: 4, activation: "gelu" as const };
  const distilbert = { ...config, maxPositions: 8, typeVocabularySize: 0, padTokenId: 0 };

  it("is refused where the family has none of it, naming those that have", () => {
    expect(() => linearHead(distilbert, "next-sentence")).toThrow(
      'encoder.linearHead: the family "distilbert" has no head "next-sentence". Families that have it: bert, uer-bert.',
    );
    expect(() => linearHead(distilbert, "token-classification")).toThrow(
      '"token-classification" is asked for without a number of outputs. Wanted one for each label.',
    );
  });

  it("drops out at the rate that config.json states, the family's where it does not, and only in training", () => {
    const dropped = (configJson: Readonly<Record<string, unknown>>, context: StepContext) => {
      const head = linearHead(distilbert, "span-extraction", { configJson });
      const weights = Parameters.create(head.parameters, streams(2));
      weights.assign("qa_outputs.weight", Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0)); // each score is one state
      const scores = tf.tidy(() => head.logits(weights, tf.ones([64, 50, 4]), context).dataSync());
      weights.dispose();
      return scores.filter((score) => score === 0).length / scores.length;
    };
    const training = { training: true, key: tf.tensor1d([1, 2], "int32") };
    expect(dropped({ qa_dropout: 0 }, training)).toBe(0);
    expect(dropped({ qa_dropout: 0.5 }, inference)).toBe(0);
    expect(dropped({ qa_dropout: 0.5 }, training)).toBeCloseTo(0.5, 1);
    expect(dropped({}, training)).toBeCloseTo(0.1, 1);
  });
});
