import { createEncoder, maskedLanguageModelHead } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { collateExamples } from "../batch.ts";
import type { Fusion } from "../contract.ts";
import { createFusedEncoder } from "../fused-encoder.ts";
import { type PreparedText, prepareExamples } from "../prepared-text.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import type { AskedMention } from "./asked-mentions.ts";
import { wklm } from "./wklm.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

/** The strategy over an encoder of so many layers, and its loss on prepared texts. */
function open(numLayers: number) {
  const config = { ...world.encoder, numLayers, initializerRange: 0.3 };
  const fusion = wklm.create(wklm.options.parse({}), { ...world, encoder: config }) as Fusion;
  const fused = createFusedEncoder(createEncoder(config), fusion);
  const parameters = Parameters.create([...fused.parameters, ...fused.headParameters], streams(1));
  onTestFinished(() => parameters.dispose());
  return {
    fusion,
    parameters,
    prepare: async () =>
      (await prepareExamples(world.examples, { tokenizer: world.tokenizer, maxLength: 24, fusion })).prepared,
    loss: (prepared: readonly PreparedText[]) =>
      tf.tidy(() => {
        const batch = toDevice(collateExamples(prepared, 24, fusion, streams(1).at("draw")).arrays);
        const run = fused.run(parameters, batch, inference);
        const { sum, weight } = fused.losses(run, parameters, batch, inference).entityReplacement ?? {};
        return { sum: sum?.dataSync()[0] ?? Number.NaN, weight: weight?.dataSync()[0] };
      }),
  };
}

/** Another word in place of a mention's first piece. */
function edited(prepared: readonly PreparedText[]): readonly PreparedText[] {
  return prepared.map((one) => {
    const ids = one.encoding.ids.slice();
    for (const { first } of one.knowledge as readonly AskedMention[]) ids[first] = 20;
    return { ...one, encoding: { ...one.encoding, ids } };
  });
}

const mentions = (one: PreparedText) => one.knowledge as readonly AskedMention[];

describe("the head that tells originals", () => {
  it("counts every mention once", async () => {
    const { prepare, loss } = open(1);
    expect((await loss(await prepare())).weight).toBe(6);
  });

  it("sees a mention's own pieces through attention alone", async () => {
    const [flat, deep] = [open(0), open(1)];
    const prepared = await flat.prepare();
    expect(flat.loss(edited(prepared))).toEqual(flat.loss(prepared));
    expect(deep.loss(edited(prepared)).sum).not.toBe(deep.loss(prepared).sum);
  });

  it("does not depend on the order of mentions nor on what pads their list", async () => {
    const { prepare, loss } = open(1);
    const prepared = await prepare();
    const turned = prepared.map((one) => ({ ...one, knowledge: mentions(one).toReversed() }));
    expect(loss(turned).sum).toBeCloseTo(loss(prepared).sum, 5);
    const [first] = prepared as [PreparedText];
    const often = Array.from({ length: 6 }, () => first); // 18 mentions: a longer list with more padding
    expect(loss(often).sum).toBeCloseTo(6 * loss([first]).sum, 4);
  });

  it("learns nothing from a batch without mentions, and never divides by none", async () => {
    const { prepare, loss } = open(1);
    const unlinked = (await prepare()).map((one) => ({ ...one, knowledge: [] }));
    expect(loss(unlinked)).toEqual({ sum: 0, weight: 0 });
  });

  it("shares the transform of the masked-LM head and moves none of its scores", () => {
    const { fusion, parameters } = open(1);
    const head = maskedLanguageModelHead(world.encoder);
    const { shared = [], parameters: own } = fusion.heads?.entityReplacement ?? { parameters: [] };
    expect(shared).toHaveLength(4);
    const names = head.parameters.map(({ name }) => name);
    for (const { name } of shared) expect(names).toContain(name);
    for (const { name } of own) expect(names).not.toContain(name);
    expect(parameters.spec("fusion/wklm/boundary/kernel").shape).toEqual([2, 32]);
    expect(fusion.officialNames).toEqual({
      "fusion/wklm/boundary/kernel": "kdn_b_outputs.weight",
      "fusion/wklm/boundary/bias": "kdn_b_outputs.bias",
    });
    expect(fusion.parameters).toBeUndefined();
  });

  it("adds nothing to a batch that is not of pre-training: fine-tuned it is a plain encoder", async () => {
    const { prepare, fusion } = open(1);
    const batch = collateExamples(await prepare(), 24, fusion);
    expect(Object.keys(batch.arrays)).toEqual(["inputIds", "typeIds", "attentionMask"]);
  });
});
