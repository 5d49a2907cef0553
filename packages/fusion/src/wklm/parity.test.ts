import { type Checkpoint, loadCheckpoint, maskedLanguageModelHead } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import {
  gradients,
  inference,
  type LossFunction,
  openBackend,
  Parameters,
  type StepGradients,
  tf,
} from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { arrayOf, divergence, type GoldenCase, goldenFolder, readCases } from "../../../../tests/golden/golden.ts";
import { batchArrays } from "../batch.ts";
import type { Fusion, PreparedExample } from "../contract.ts";
import { createFusedEncoder } from "../fused-encoder.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import type { AskedMention } from "./asked-mentions.ts";
import type { WklmOptions } from "./options.ts";
import { wklm } from "./wklm.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

/** The golden file's mentions as `prepare` would give them, row by row. */
function examplesOf(input: GoldenCase): readonly PreparedExample<readonly AskedMention[]>[] {
  const mentions = arrayOf(input, "mentions").data;
  const labels = Array.from(arrayOf(input, "labels").data);
  const asked = labels.map((label, i) => {
    const [row, first, last] = Array.from(mentions.slice(3 * i, 3 * i + 3)) as [number, number, number];
    return { row, mention: { first, boundary: [first - 1, last + 1] as const, original: label === 1 } };
  });
  return [0, 1].map((row) => ({
    encoding: world.tokenizer.encode(""),
    knowledge: asked.flatMap((one) => (one.row === row ? [one.mention] : [])),
  }));
}

/** Losses and gradients of our model on the golden input. */
async function computed(family: string, states: WklmOptions["states"], golden: ReadonlyMap<string, GoldenCase>) {
  const model: Checkpoint = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
  const { encoder } = model;
  const options = wklm.options.parse({ states });
  const fusion = wklm.create(options, { ...world, encoder: encoder.config }) as Fusion;
  const fused = createFusedEncoder(encoder, fusion);
  const masked = maskedLanguageModelHead(encoder.config);
  const specs = [...fused.parameters, ...fused.headParameters, ...masked.parameters];
  const parameters = Parameters.create(new Map(specs.map((spec) => [spec.name, spec])).values(), streams(1));
  onTestFinished(() => parameters.dispose());
  const [input, expected] = [golden.get("input"), golden.get(states)] as [GoldenCase, GoldenCase];
  for (const name of parameters.names()) {
    const own = name.startsWith("fusion/wklm/") ? arrayOf(expected, name.split("/")[3] as string) : undefined;
    parameters.assign(name, own ?? (await model.weights.read(name)));
  }
  const tensor = (values: ArrayLike<number>, shape: number[], dtype: "int32" | "bool" | "float32") =>
    tf.tensor(Array.from(values), shape, dtype);
  const collated = fusion.collate?.(examplesOf(input), { rows: 2, length: 9 }, streams(1).at("draw")) ?? {};
  const batch = {
    [batchArrays.inputIds]: tensor(arrayOf(input, "input_ids").data, [2, 9], "int32"),
    [batchArrays.attentionMask]: tensor(arrayOf(input, "attention_mask").data, [2, 9], "bool"),
    ...Object.fromEntries(
      Object.entries(collated).map(([name, { data, shape, dtype }]) => [name, tensor(data, [...shape], dtype)]),
    ),
  };
  const rows = Array.from({ length: 3 }, (_, i) => Array.from(arrayOf(input, "masked").data.slice(3 * i, 3 * i + 3)));
  const losses: LossFunction = (weights, tensors, context) => {
    const run = fused.run(weights, tensors, context);
    const positions = tensor(
      rows.map(([row = 0, piece = 0]) => row * 9 + piece),
      [3],
      "int32",
    );
    const labels = tensor(
      rows.map(([, , id = 0]) => id),
      [3],
      "int32",
    );
    const mlm = masked.loss(weights, run.stream.hidden, positions, labels, tf.ones([3]));
    return { mlm, ...fused.losses(run, weights, tensors, context) };
  };
  const step: StepGradients = gradients(losses, parameters, batch, inference);
  onTestFinished(() => tf.dispose([step, batch] as unknown as tf.TensorContainer));
  return { step, expected };
}

describe.each(["bert", "roberta"])("%s with WKLM's head, as an independent PyTorch computation has it", (family) => {
  it.each(["boundary", "first-piece"] as const)(
    "agrees in both losses and all gradients, read at %s",
    async (states) => {
      const golden = await readCases(`${goldenFolder("wklm")}/${family}.safetensors`);
      const { step, expected } = await computed(family, states, golden);
      const mean = (name: string) => {
        const { sum, weight } = step.losses[name] as NonNullable<(typeof step.losses)[string]>;
        return tf.div(sum, weight).dataSync();
      };
      const problems = [
        divergence("entity", mean("entityReplacement"), arrayOf(expected, "entity"), 1e-5),
        divergence("mlm", mean("mlm"), arrayOf(expected, "masked"), 1e-5),
      ];
      const wanted = [...expected.keys()].filter((name) => name.startsWith("gradient."));
      expect(wanted.length).toBeGreaterThan(5);
      for (const key of wanted) {
        const name = key.slice("gradient.".length);
        const ours = ["kernel", "bias"].includes(name) ? `fusion/wklm/${states}/${name}` : name;
        const found = step.gradients[ours]?.dataSync() ?? [];
        problems.push(divergence(name, found, arrayOf(expected, key), 1e-4));
      }
      expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    },
  );
});
