import { type Draw, silent, streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import {
  finetune,
  namedEntityRecognition,
  relationClassification,
  type Splits,
  sentenceClassification,
  type TaskDefinition,
} from "./index.ts";
import { type MadeWorld, madeModel, madeWorld } from "./testing/made-world.ts";

let world: MadeWorld;
beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
});

const noise = "the a of in on and at night old".split(" ");
const quick = { epochs: 6, batchSize: 16, rate: 5e-3, newRate: 1e-2, freezeLayers: 0 };

/** Examples of a maker, by split; no seed is in two of them. */
function made(make: (draw: Draw, id: string) => TextExample): Splits {
  const split = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => make(streams(8).at(name, i), `${name}-${i}`));
  return { train: split("train", 96), validation: [], test: split("test", 40) };
}

const pick = <T>(draw: Draw, items: readonly T[]): T => items[draw.integer(items.length)] as T;
const noisy = (draw: Draw, count: number): string[] => Array.from({ length: count }, () => pick(draw, noise));

/** Fine-tunes a fresh plain model; any definition, its options as a config writes them. */
// biome-ignore lint/suspicious/noExplicitAny: tasks of every option and report type
async function tuned(definition: TaskDefinition<any, any>, splits: Splits, options: Record<string, unknown> = {}) {
  const { model, parameters } = madeModel(world, "none");
  const tensors = tf.memory().numTensors;
  try {
    const task = definition.create(definition.options.parse({ ...quick, ...options }), {
      splits,
      encoder: model.encoder,
    });
    const given = { task, model, parameters, tokenizer: world.tokenizer, streams: streams(1), progress: silent };
    const result = await finetune(given);
    expect(tf.memory().numTensors).toBe(tensors + task.parameters.length);
    return result;
  } finally {
    parameters.dispose();
  }
}

/** "X plays Y": which of two names comes first decides the relation, the words between do not. */
function relationExample(draw: Draw, id: string): TextExample {
  const [left, middle, right] = [noisy(draw, draw.integer(3)), noisy(draw, 1 + draw.integer(3)), noisy(draw, 2)];
  const words = [...left, "lute", ...middle, "harp", ...right];
  const text = words.join(" ");
  const span = (word: string) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length });
  const forward = draw.uniform() < 0.5;
  const [head, tail] = forward ? ["lute", "harp"] : ["harp", "lute"];
  return { id, text, targets: [span(head as string), span(tail as string)], labels: [forward ? "before" : "after"] };
}

describe("relation classification", () => {
  it.each([
    ["mention-means", {}],
    ["markers", { headMarkers: ["song ", " song"], tailMarkers: ["river ", " river"] }],
    ["cls", { headMarkers: ["song ", " song"], tailMarkers: ["river ", " river"], epochs: 14 }],
  ])("learns which span is the head, reading %s", async (pooling, options) => {
    const { test } = await tuned(relationClassification, made(relationExample), { pooling, ...options });
    expect(test.report.scores.accuracy).toBeGreaterThan(0.9);
    expect(test.report.scores.microF1).toBeCloseTo(test.report.scores.accuracy);
    expect(test.predictions[0]?.labels).toHaveLength(1);
  });

  it("predicts nothing for a pair that the length limit cuts off, and counts it as wrong", async () => {
    const splits = made(relationExample);
    const [first, ...others] = splits.test as [TextExample, ...TextExample[]];
    const text = `${"the ".repeat(30)}${first.text}`;
    const moved = first.targets?.map(({ start, end }) => ({ start: start + 120, end: end + 120 }));
    const far = { ...first, text, targets: moved as unknown as TextExample["targets"] };
    const { test } = await tuned(
      relationClassification,
      { ...splits, test: [far, ...others] },
      { maxLength: 24, epochs: 1 },
    );
    expect(test.predictions[0]).toEqual({ id: first.id, labels: [] });
    expect(test.report.lines).toBe(40);
  });

  it("refuses an example without a pair", () => {
    const splits = made((_, id) => ({ id, text: "a song", labels: ["x"] }));
    const options = relationClassification.options.parse({});
    expect(() =>
      relationClassification.create(options, { splits, encoder: madeModel(world, "none").model.encoder }),
    ).toThrow('relation-classification.train: example "train-0" has no targets. Wanted "targets": [head, tail]');
  });
});

describe("sentence classification", () => {
  const example = (draw: Draw, id: string): TextExample => {
    const kind = pick(draw, ["lute", "river"]);
    const words = noisy(draw, 3 + draw.integer(5));
    words[draw.integer(words.length)] = kind;
    return { id, text: words.join(" "), labels: [kind === "lute" ? "music" : "water"] };
  };
  it.each(["mean", "cls", "pooler", "dense"])("learns what a sentence is about, reading %s", async (pooling) => {
    const { test } = await tuned(sentenceClassification, made(example), { pooling });
    expect(test.report.scores.accuracy).toBeGreaterThan(0.9);
  });

  it("reads pairs", async () => {
    const pair = (draw: Draw, id: string): TextExample => {
      const { text, labels } = example(draw, id);
      return { id, text: noisy(draw, 3).join(" "), pair: text, labels };
    };
    const { test } = await tuned(sentenceClassification, made(pair));
    expect(test.report.scores.accuracy).toBeGreaterThan(0.9);
  });
});

describe("named entity recognition", () => {
  const example = (draw: Draw, id: string): TextExample => {
    const spans: { start: number; end: number; label: string }[] = [];
    let text = "";
    for (let i = 0; i < 5; i++) {
      const kind = pick(draw, ["", "", "person", "place"]);
      const words = { person: pick(draw, ["gorwick", "gorton"]), place: "marl town", "": pick(draw, noise) }[
        kind
      ] as string;
      if (kind !== "") spans.push({ start: text.length, end: text.length + words.length, label: kind });
      text += `${words} `;
    }
    return { id, text: text.trim(), spans };
  };

  it("learns spans of several words and pieces, with their types", async () => {
    const splits = made(example);
    const { test } = await tuned(namedEntityRecognition, splits);
    expect(test.report.scores.microF1).toBeGreaterThan(0.95);
    expect(test.report.scores.untypedMicroF1).toBeGreaterThanOrEqual(test.report.scores.microF1);
    expect(test.report.types.map((one: { readonly type: string }) => one.type)).toEqual(["person", "place"]);
    const [first] = test.predictions;
    expect(first?.spans?.length).toBeGreaterThan(0);
  });

  it.each([
    [{ id: "x", text: "marl" }, 'train: example "x" has no spans. Wanted "spans": [{start, end, label}]'],
    [
      {
        id: "x",
        text: "marl town",
        spans: [
          { start: 0, end: 6, label: "a" },
          { start: 5, end: 9, label: "b" },
        ],
      },
      'train: example "x" has overlapping spans a [0, 6) and b [5, 9)',
    ],
    [{ id: "x", text: "marl", spans: [] }, "train: no example has a span. Wanted spans to learn from"],
  ] as readonly (readonly [TextExample, string])[])("refuses %j", (bad, message) => {
    const { encoder } = madeModel(world, "none").model;
    const options = namedEntityRecognition.options.parse({});
    const splits = { train: [bad], validation: [], test: [example(streams(1).at("x"), "y")] };
    expect(() => namedEntityRecognition.create(options, { splits, encoder })).toThrow(message);
  });
});
