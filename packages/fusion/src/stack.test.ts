import type { Block, Stream } from "@kgraft/encoder";
import { openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import type { Claim, Fusion, FusionDefinition } from "./contract.ts";
import { ernieThu } from "./ernie-thu/index.ts";
import { none } from "./none.ts";
import { stackFusions } from "./stack.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";
import { openTrial, type States } from "./testing/trial.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

/** A definition with these claims that makes this fusion. */
const definition = (name: string, claims: readonly Claim[], fusion: Fusion = {}): FusionDefinition => ({
  name,
  summary: "A strategy of a test.",
  options: z.strictObject({}),
  needs: [],
  accepts: ["text"],
  claims,
  neutral: {},
  create: () => fusion,
});

/** Adds a number behind one layer: reads the layer whole. */
const adding = (name: string, layer: number, amount: number): FusionDefinition =>
  definition(name, [], {
    firstLayer: layer,
    layer(stream, block) {
      if (block.index !== layer) return undefined;
      const after = block.forward(stream);
      return { ...after, hidden: tf.add(after.hidden, amount) };
    },
  });

/** Halves what the inner layer gives: reaches inside. */
const halving: FusionDefinition = definition("halving", ["layer"], {
  firstLayer: 3,
  layer(stream, block) {
    if (block.index !== 3) return undefined;
    const attended = block.attend(stream);
    return { ...stream, hidden: block.down(tf.mul(block.activate(block.up(attended)), 0.5), attended) };
  },
});

const stack = (...definitions: readonly FusionDefinition[]) => stackFusions(definitions, "config.fusion.name");

async function run(one: FusionDefinition): Promise<States> {
  const trial = openTrial(one, {}, world);
  onTestFinished(() => trial.parameters.dispose());
  return trial.run(trial.collate(await trial.prepare(world.examples), 16));
}

const any = (one: unknown): FusionDefinition => one as FusionDefinition;

describe("a stack", () => {
  it("of a strategy and none is the strategy", async () => {
    expect(await run(stack(any(ernieThu), any(none)))).toEqual(await run(any(ernieThu)));
  });

  it("runs every strategy's layer, the one that reaches inside first, whatever the order", async () => {
    const [plain, inside] = [await run(any(none)), await run(halving)];
    expect(inside.values).not.toEqual(plain.values);
    const wanted = { ...inside, values: inside.values.map((value) => Math.fround(Math.fround(value + 1) + 2)) };
    const [one, two] = [adding("one", 3, 1), adding("two", 3, 2)];
    expect(await run(stack(halving, one, two))).toEqual(wanted);
    expect(await run(stack(one, halving, two))).toEqual(wanted);
  });

  it("starts at the lowest first layer and keeps every strategy's counts apart", async () => {
    const fusion = stack(adding("one", 2, 1), adding("two", 1, 1), any(ernieThu)).create(
      { "ernie-thu": ernieThu.options.parse({}) },
      world,
    );
    expect(fusion.firstLayer).toBe(1);
    const [example] = world.examples;
    if (example === undefined) throw new Error("no example");
    const encoding = world.tokenizer.encode(example.text);
    expect((await fusion.prepare?.(example, encoding, 40))?.counts).toEqual({ "ernie-thu mentions": 3 });
  });

  it("lets the others see the pieces that a strategy puts in, whatever the order", async () => {
    const again = definition("again", ["pieces"], {
      prepare: (_, { ids, tokens, typeIds, starts, ends, wordIds, sequenceIds, truncated }) => ({
        // [CLS] a second time, not from the text.
        encoding: {
          ids: Int32Array.of(2, ...ids),
          tokens: ["[CLS]", ...tokens],
          typeIds: Int32Array.of(0, ...typeIds),
          starts: Int32Array.of(0, ...starts),
          ends: Int32Array.of(0, ...ends),
          wordIds: Int32Array.of(-1, ...wordIds),
          sequenceIds: Int8Array.of(-1, ...sequenceIds),
          truncated,
        },
        knowledge: undefined,
      }),
    });
    const entityIds = async (one: FusionDefinition) => {
      const trial = openTrial(one, {}, world);
      onTestFinished(() => trial.parameters.dispose());
      const batch = trial.collate((await trial.prepare(world.examples)).slice(0, 1), 11);
      return [...(batch.arrays["fusion/ernie-thu/entityIds"]?.data ?? [])];
    };
    expect(await entityIds(any(ernieThu))).toEqual([0, 1, 0, 0, 0, 5, 0, 3, 0, 0, 0]);
    for (const order of [
      [any(ernieThu), again],
      [again, any(ernieThu)],
    ])
      expect(await entityIds(stack(...order))).toEqual([0, 0, 1, 0, 0, 0, 5, 0, 3, 0, 0]);
  });

  it("stops a strategy that reaches inside a layer without claiming it", () => {
    const reaching = definition("reaching", [], {
      layer: (stream, block) => ({ ...stream, hidden: block.attend(stream) }),
    });
    const fusion = stack(halving, reaching).create({ "ernie-thu": ernieThu.options.parse({}) }, world);
    const block: Partial<Block> = { index: 3, forward: (stream: Stream) => stream };
    const hidden = tf.zeros([1, 2, 16]);
    onTestFinished(() => hidden.dispose());
    const stream = { hidden, visible: hidden, side: {} };
    const at = { weights: { get: () => hidden }, batch: {}, context: { training: false } };
    expect(() => fusion.layer?.(stream, block as Block, at)).toThrow(
      'fusion.reaching: it reaches inside layer 3, which another strategy of the stack may have changed. A strategy that reaches inside layers claims it: `claims: ["layer"]`.',
    );
  });
});

describe("a stack that cannot be", () => {
  it("is refused where two change the same, with the reason", () => {
    const trees = definition("k-bert", ["pieces", "attention"]);
    expect(() => stack(any(ernieThu), halving)).toThrow(
      'config.fusion.name: "ernie-thu+halving" cannot stand on one encoder: "ernie-thu" and "halving" both change the inside of layers. Strategies of a stack must change different things.',
    );
    expect(() => stack(trees, definition("other", ["attention"]))).toThrow("both set positions and visibility");
    expect(stack(trees, any(ernieThu)).claims).toEqual(["pieces", "attention", "layer"]);
  });

  it("is refused where no example fits all", () => {
    const triples = { ...definition("kg-bert", []), accepts: ["triple"] as const };
    expect(() => stack(any(ernieThu), triples)).toThrow(
      'config.fusion.name: "ernie-thu+kg-bert" cannot stand on one encoder: "ernie-thu" takes text examples, "kg-bert" takes triple examples.',
    );
  });
});
