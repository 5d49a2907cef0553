import { createEncoder } from "@kgraft/encoder";
import { createFusedEncoder, type Fusion } from "@kgraft/fusion";
import { silent, streams } from "@kgraft/runtime";
import { openBackend, Parameters } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import { pretrain, pretrainOptions } from "../index.ts";
import { type MadeWorld, madeWorld } from "../testing/made-world.ts";
import { objectives } from "./objectives/objectives.ts";

let world: MadeWorld;
beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
});

const words = "the a of in on and plays sings lives at night song town old".split(" ");

const texts: readonly TextExample[] = Array.from({ length: 24 }, (_, i) => {
  const draw = streams(7).at("texts", i);
  const text = Array.from({ length: 3 + draw.integer(20) }, () => words[draw.integer(words.length)]).join(" ");
  return { id: `t${i}`, text, mentions: [{ start: 0, end: text.indexOf(" "), entity: "Q1" }] };
});

/** Trains for some steps without dropout. */
async function train(names: readonly string[], options: Readonly<Record<string, unknown>>, fusion: Fusion = {}) {
  const encoder = createEncoder({ ...world.config, hiddenDropout: 0, attentionDropout: 0 });
  const model = createFusedEncoder(encoder, fusion);
  const parameters = Parameters.create(model.parameters, streams(1));
  try {
    return await pretrain({
      examples: texts,
      objectives: names.map((name) => {
        const definition = objectives.find((one) => one.name === name) as (typeof objectives)[number];
        return definition.create(definition.options.parse({}), { encoder, tokenizer: world.tokenizer });
      }),
      model,
      parameters,
      tokenizer: world.tokenizer,
      options: pretrainOptions.parse({ steps: 1, batchSize: 64, maxLength: 40, ...options }),
      streams: streams(1),
      progress: silent,
    });
  } finally {
    parameters.dispose();
  }
}

describe("texts that share rows", () => {
  it.each([["mlm"], ["whole-word"], ["span"], ["entity-masking"], ["rtd"]])(
    "have the masks and losses of texts in rows of their own: %s",
    async (name) => {
      const [apart, packed] = [await train([name], {}), await train([name], { pack: true })];
      expect(packed.tokens).toBe(apart.tokens);
      expect(packed.examplesSeen).toBe(texts.length);
      for (const [loss, [value]] of Object.entries(apart.losses)) {
        expect(value).toBeGreaterThan(0.1);
        expect((packed.losses[loss]?.[0] as number) / (value as number)).toBeCloseTo(1, 6);
      }
    },
  );

  it("fill rows of maxLength, some rows a step, all texts once an epoch", async () => {
    const { examplesSeen, tokens, losses } = await train(["mlm"], { pack: true, batchSize: 3, steps: 5 });
    expect(tokens).toBeGreaterThan(0.75 * 5 * 3 * 40);
    expect(tokens).toBeLessThanOrEqual(5 * 3 * 40);
    expect(examplesSeen).toBeGreaterThan(texts.length);
    expect(losses.mlm?.every(Number.isFinite)).toBe(true);
    const byPieces = await train(["mlm"], { pack: true, batchSize: undefined, batchTokens: 3 * 40, steps: 5 });
    expect(byPieces.losses).toEqual(losses);
  });

  it.each([
    [["nsp"], {}, '"nsp" reads each text in a row of its own'],
    [["mlm", "sop"], {}, '"sop" reads'],
    [["causal-lm"], {}, '"causal-lm" reads'],
    [["mlm"], { embed: (stream) => stream } satisfies Fusion, "the strategy reads"],
  ] as const)("refuse %j", async (names, fusion, problem) => {
    await expect(train(names, { pack: true }, fusion)).rejects.toThrow(problem);
  });
});
