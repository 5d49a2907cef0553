import { createEncoder, familyOf } from "@kgraft/encoder";
import { batchArrays, createFusedEncoder, type Fusion } from "@kgraft/fusion";
import { silent, streams } from "@kgraft/runtime";
import { gradients, type HostArray, inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Objective, ObjectiveBatch } from "../../contract.ts";
import { pretrain, pretrainOptions } from "../../index.ts";
import { prepareTexts } from "../../prepared-texts.ts";
import { type MadeWorld, madeModel, madeWorld } from "../../testing/made-world.ts";
import { objectives } from "./objectives.ts";

let world: MadeWorld;
beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
});

const words = "the a of in on and plays sings lives at night song town old".split(" ");

/** Documents of sentences that tell of a kind each: what follows can be told from what stands before. */
function documents(count: number): readonly TextExample[] {
  return Array.from({ length: count }, (_, i) => {
    const draw = streams(4).at("documents", i);
    const kind = draw.integer(4);
    const sentence = (): string =>
      Array.from({ length: 3 + draw.integer(4) }, () => words[3 * kind + draw.integer(3)] as string).join(" ");
    const text = Array.from({ length: 6 }, sentence).join("\n");
    const start = text.indexOf(" ") + 1;
    const end = text.indexOf(" ", start);
    return { id: `d${i}`, text, mentions: [{ start, end, entity: "Q1" }] };
  });
}

function objectiveOf(name: string, options: Record<string, unknown> = {}, encoder = madeEncoder()): Objective {
  const definition = objectives.find((one) => one.name === name);
  if (definition === undefined) throw new Error(`no objective ${name}`);
  return definition.create(definition.options.parse(options), { encoder, tokenizer: world.tokenizer });
}

const madeEncoder = () => createEncoder({ ...world.config, hiddenDropout: 0, attentionDropout: 0 });

/** A batch of prepared texts, corrupted by objectives one after another. */
async function corrupted(given: readonly Objective[], examples: readonly TextExample[], run = 0) {
  const encoder = madeEncoder();
  const model = createFusedEncoder(encoder, {});
  const { prepared } = await prepareTexts(examples, { model, tokenizer: world.tokenizer, maxLength: 40 });
  const shape = { rows: prepared.length, length: 40 };
  const original = new Int32Array(shape.rows * shape.length);
  const [mask, types] = [new Uint8Array(original.length), new Int32Array(original.length)];
  for (const [row, { encoding }] of prepared.entries()) {
    original.set(encoding.ids, row * 40);
    types.set(encoding.typeIds, row * 40);
    mask.fill(1, row * 40, row * 40 + encoding.ids.length);
  }
  const batch: ObjectiveBatch = {
    examples: prepared,
    starts: prepared.map((_, row) => row * 40),
    shape,
    ids: original.slice(),
    taken: new Uint8Array(original.length),
    draw: (row) => streams(run).at("draw", row),
  };
  const made = given.map((objective) =>
    objective.corrupt({ ...batch, draw: (row, purpose = "") => streams(run).at(`${objective.name}/${purpose}`, row) }),
  );
  const int32 = (data: Int32Array): HostArray => ({ dtype: "int32", shape: [shape.rows, 40], data });
  const arrays: Record<string, HostArray> = {
    [batchArrays.inputIds]: int32(batch.ids),
    [batchArrays.typeIds]: int32(types),
    [batchArrays.attentionMask]: { dtype: "bool", shape: [shape.rows, 40], data: mask },
    ...Object.assign({}, ...made),
  };
  return { batch, original, arrays, prepared, encoder };
}

const targetsOf = (arrays: Readonly<Record<string, HostArray>>, name: string) => {
  const [places, labels, counts] = ["positions", "labels", "counts"].map(
    (part) => arrays[`objective/${name}/${part}`]?.data as Int32Array,
  ) as [Int32Array, Int32Array, Int32Array];
  return Array.from(counts).flatMap((count, i) =>
    count === 0 ? [] : [{ place: places[i] as number, label: labels[i] as number }],
  );
};

const plainPairs = (): readonly TextExample[] =>
  documents(12).map(({ id, text }) => {
    const [first = "", second = ""] = text.split("\n");
    return { id, text: first, pair: second, labels: [String(Number(id.slice(1)) % 2)] };
  });

describe("objectives", () => {
  it.each([
    ["mlm", {}],
    ["whole-word", {}],
    ["span", {}],
    ["entity-masking", {}],
    ["nsp", {}],
    ["sop", {}],
    ["struct-bert", {}],
    ["causal-lm", {}],
    ["rtd", { discriminatorWeight: 5 }],
  ])("%s learns, and the encoder with it", async (name, options) => {
    const { model, parameters } = madeModel(world, "none");
    onTestFinished(() => parameters.dispose());
    const objective = objectiveOf(name, options, model.encoder);
    const before = await parameters.snapshot();
    const tensors = tf.memory().numTensors;
    const { losses, steps } = await pretrain({
      examples: documents(64),
      objectives: [objective],
      model,
      parameters,
      tokenizer: world.tokenizer,
      options: pretrainOptions.parse({ steps: 60, batchSize: 16, rate: 4e-3, newRate: 4e-3, maxLength: 40 }),
      streams: streams(1),
      progress: silent,
    });
    expect(steps).toBe(60);
    expect(Object.keys(losses).sort()).toEqual([...objective.lossNames].sort());
    expect(tf.memory().numTensors).toBe(tensors + objective.parameters.length);
    const mean = (curve: readonly number[]) => curve.reduce((sum, one) => sum + one, 0) / curve.length;
    for (const lossName of objective.lossNames) {
      const curve = losses[lossName] ?? [];
      expect(curve.every(Number.isFinite)).toBe(true);
      // Order within a kind cannot be told: those losses only must not grow.
      const learnable = !["sop", "struct-bert-sentence"].includes(lossName);
      expect(mean(curve.slice(-15)), lossName).toBeLessThan(mean(curve.slice(0, 5)) * (learnable ? 0.97 : 1.1));
    }
    const after = await parameters.snapshot();
    const table = `${familyOf("bert").prefix}embeddings.word_embeddings.weight`;
    expect(after.get(table)).not.toEqual(before.get(table));
  });

  it("read a text and its translation with positions that begin anew", async () => {
    const objective = objectiveOf("tlm");
    const { arrays, prepared } = await corrupted([objective], plainPairs());
    const positions = arrays[batchArrays.positionIds]?.data as Int32Array;
    for (const [row, { encoding }] of prepared.entries()) {
      const second = encoding.typeIds.indexOf(1);
      expect(positions[row * 40]).toBe(0);
      expect(positions[row * 40 + second]).toBe(0);
      expect(positions[row * 40 + second + 1]).toBe(1);
    }
    expect(objective.pairs).toBe("given");
  });
});

describe("hidden pieces", () => {
  it.each(["mlm", "whole-word", "span", "entity-masking", "struct-bert"])(
    "of %s have the true pieces as labels, none special, and nothing else is changed",
    async (name) => {
      for (let run = 0; run < 20; run++) {
        const { arrays, batch, original } = await corrupted([objectiveOf(name)], documents(8), run);
        const targets = targetsOf(arrays, name);
        const places = new Set(targets.map(({ place }) => place));
        expect(places.size).toBe(targets.length);
        for (const { place, label } of targets) {
          expect(label).toBe(original[place]);
          expect(world.tokenizer.specialIds.has(label)).toBe(false);
        }
        for (const [place, id] of batch.ids.entries()) if (!places.has(place)) expect(id).toBe(original[place]);
        expect(targets.length).toBeGreaterThan(0);
      }
    },
  );

  it("of two objectives in one batch are apart", async () => {
    const { arrays, batch, original } = await corrupted([objectiveOf("mlm"), objectiveOf("whole-word")], documents(8));
    const [one, other] = [targetsOf(arrays, "mlm"), targetsOf(arrays, "whole-word")];
    const places = new Set(one.map(({ place }) => place));
    expect(other.filter(({ place }) => places.has(place))).toEqual([]);
    expect(other.length).toBeGreaterThan(10);
    for (const { place, label } of [...one, ...other]) expect(label).toBe(original[place]);
    expect(batch.taken.reduce((sum, taken) => sum + taken, 0)).toBe(one.length + other.length);
  });

  it("of shuffled trigrams keep each trigram's pieces, some 5 % of the text", async () => {
    let [moved, all] = [0, 0];
    for (let run = 0; run < 40; run++) {
      const { batch, original, arrays, prepared } = await corrupted(
        [objectiveOf("struct-bert", { maskRate: 0.001 })],
        documents(8),
        run,
      );
      const targets = targetsOf(arrays, "struct-bert").filter(
        ({ place }) => batch.ids[place] !== world.tokenizer.special.mask,
      );
      const sorted = (ids: Int32Array) => ids.slice().sort();
      for (let row = 0; row < 8; row++) {
        const hidden = targetsOf(arrays, "struct-bert").filter(({ place }) => Math.floor(place / 40) === row);
        const ids = (of: Int32Array) => sorted(Int32Array.from(hidden.slice(1), ({ place }) => of[place] as number));
        expect(ids(batch.ids)).toEqual(ids(original));
      }
      moved += targets.length;
      all += prepared.reduce((sum, { encoding }) => sum + encoding.ids.length, 0);
    }
    expect(moved / all).toBeGreaterThan(0.02);
    expect(moved / all).toBeLessThan(0.08);
  });
});

/** Runs the losses of objectives on arrays; parameters of a seed. */
function run(
  objective: Objective,
  arrays: Readonly<Record<string, HostArray>>,
  parameters: Parameters,
  fusion: Fusion = {},
) {
  const encoder = madeEncoder();
  const model = createFusedEncoder(encoder, fusion);
  return tf.tidy(() => {
    const batch = toDevice(arrays);
    const fed = objective.feed?.({ weights: parameters, batch, context: inference });
    const read = fed?.batch ?? batch;
    const { stream } = model.run(parameters, read, inference);
    const losses = objective.losses(stream.hidden, stream, { weights: parameters, batch: read, context: inference });
    const values = Object.entries({ ...fed?.losses, ...losses }).map(([name, { sum, weight }]) => [
      name,
      (sum.dataSync()[0] as number) / (weight.dataSync()[0] as number),
    ]);
    return {
      losses: Object.fromEntries(values) as Record<string, number>,
      hidden: Float32Array.from(stream.hidden.dataSync<"float32">()),
      ids: Int32Array.from((read[batchArrays.inputIds] as tf.Tensor).dataSync<"int32">()),
    };
  });
}

function parametersOf(objective: Objective, seed = 3): Parameters {
  const parameters = Parameters.create([...madeEncoder().parameters, ...objective.parameters], streams(seed));
  onTestFinished(() => parameters.dispose());
  return parameters;
}

describe("causal language modelling", () => {
  it("lets no piece see what stands behind it", async () => {
    const objective = objectiveOf("causal-lm");
    const parameters = parametersOf(objective);
    const { arrays } = await corrupted([objective], documents(2));
    const ids = (arrays[batchArrays.inputIds] as HostArray).data as Int32Array;
    const before = run(objective, arrays, parameters).hidden;
    const changed = ids.slice();
    changed[12] = (changed[12] as number) + 1;
    const inputIds: HostArray = { dtype: "int32", shape: [2, 40], data: changed };
    const after = run(objective, { ...arrays, [batchArrays.inputIds]: inputIds }, parameters).hidden;
    const size = world.config.hiddenSize;
    expect(after.subarray(0, 12 * size)).toEqual(before.subarray(0, 12 * size));
    expect(after.subarray(12 * size, 13 * size)).not.toEqual(before.subarray(12 * size, 13 * size));
  });

  it("costs ln V where nothing is known", async () => {
    const objective = objectiveOf("causal-lm");
    const parameters = parametersOf(objective);
    const table = "bert.embeddings.word_embeddings.weight";
    parameters.assign(table, new Float32Array(world.config.vocabularySize * world.config.hiddenSize));
    const { arrays } = await corrupted([objective], documents(2));
    expect(run(objective, arrays, parameters).losses["causal-lm"]).toBeCloseTo(
      Math.log(world.config.vocabularySize),
      4,
    );
  });
});

describe("the boundary objective", () => {
  it("reads no state from inside a span", async () => {
    const objective = objectiveOf("span", { maskRate: 0.3 });
    const parameters = parametersOf(objective);
    const { arrays } = await corrupted([objective], documents(2), 5);
    const [left, right] = ["left", "right"].map((side) => arrays[`objective/span/${side}`]?.data as Int32Array);
    const targets = targetsOf(arrays, "span");
    const counted = Array.from(arrays["objective/span-boundary/counts"]?.data ?? []);
    const read = new Set([...(left ?? []), ...(right ?? [])].filter((_, i) => counted[i % counted.length] === 1));
    for (const { place } of targets) expect(read.has(place)).toBe(false);
    const model = createFusedEncoder(madeEncoder(), {});
    const lossOf = (noise: number) =>
      tf.tidy(() => {
        const batch = toDevice(arrays);
        const { stream } = model.run(parameters, batch, inference);
        const inside = tf.tensor(
          Array.from({ length: 80 }, (_, place) => (targets.some((one) => one.place === place) ? noise : 0)),
          [2, 40, 1],
        );
        const hidden = tf.add(stream.hidden, inside);
        const { "span-boundary": loss } = objective.losses(hidden, stream, {
          weights: parameters,
          batch,
          context: inference,
        });
        return loss?.sum.dataSync()[0];
      });
    expect(lossOf(5)).toBe(lossOf(0));
  });
});

describe("replaced-token detection", () => {
  it("replaces only hidden pieces, and counts a drawn piece that is the true one as original", async () => {
    const objective = objectiveOf("rtd");
    const parameters = parametersOf(objective);
    const { arrays, original, batch } = await corrupted([objective], documents(6));
    const places = new Set(targetsOf(arrays, "rtd").map(({ place }) => place));
    expect(places.size).toBeGreaterThan(10);
    const { ids } = run(objective, arrays, parameters);
    let same = 0;
    for (const [place, id] of ids.entries()) {
      if (places.has(place)) same += Number(id === original[place]);
      else expect(id).toBe(original[place]);
    }
    expect(same).toBeLessThan(places.size);
    // A generator that knows every piece: no piece is replaced.
    const perfect = { ...arrays };
    const known = (targetsOf(arrays, "rtd")[0] as { place: number }).place;
    expect(batch.taken[known]).toBe(1);
    const bias = new Float32Array(world.config.vocabularySize).fill(-1e4);
    bias[original[known] as number] = 1e4;
    parameters.assign("objective/rtd/generator/generator_lm_head.bias", bias);
    expect(run(objective, perfect, parameters).ids[known]).toBe(original[known]);
  });

  it("draws pieces as often as the generator finds them likely", async () => {
    const objective = objectiveOf("rtd", { maskRate: 0.9 });
    const parameters = parametersOf(objective);
    parameters.assign("bert.embeddings.word_embeddings.weight", new Float32Array(world.config.vocabularySize * 32));
    const bias = new Float32Array(world.config.vocabularySize).fill(-1e4);
    [bias[7], bias[9]] = [Math.log(0.25), Math.log(0.75)];
    parameters.assign("objective/rtd/generator/generator_lm_head.bias", bias);
    let [seven, all] = [0, 0];
    for (let at = 0; at < 30; at++) {
      const { arrays } = await corrupted([objective], documents(8), at);
      const { ids } = run(objective, arrays, parameters);
      for (const { place } of targetsOf(arrays, "rtd")) {
        expect([7, 9]).toContain(ids[place]);
        all++;
        if (ids[place] === 7) seven++;
      }
    }
    expect(Math.abs(seven - 0.25 * all)).toBeLessThan(5 * Math.sqrt(all * 0.25 * 0.75));
  });

  it("passes no gradient from the encoder into the generator but through the shared tables", async () => {
    const objective = objectiveOf("rtd");
    const parameters = parametersOf(objective);
    const { arrays } = await corrupted([objective], documents(4));
    const model = createFusedEncoder(madeEncoder(), {});
    const batch = toDevice(arrays);
    const step = gradients(
      (weights, given, context) => {
        const fed = objective.feed?.({ weights, batch: given, context });
        const read = fed?.batch ?? given;
        const { stream } = model.run(weights, read, context);
        return objective.losses(stream.hidden, stream, { weights, batch: read, context });
      },
      parameters,
      batch,
      inference,
    );
    const reached = Object.keys(step.gradients);
    tf.dispose([step, batch] as unknown as tf.TensorContainer);
    expect(reached.filter((name) => name.includes("generator"))).toEqual([]);
    expect(reached).toContain("bert.embeddings.word_embeddings.weight");
    expect(reached.some((name) => name.startsWith("objective/rtd/"))).toBe(true);
  });
});

describe("objectives together", () => {
  const together = (names: readonly string[], fusion: Fusion = {}) => {
    const { model, parameters } = madeModel(world, "none");
    onTestFinished(() => parameters.dispose());
    return pretrain({
      examples: documents(16),
      objectives: names.map((name) => objectiveOf(name, {}, model.encoder)),
      model: createFusedEncoder(model.encoder, fusion),
      parameters,
      tokenizer: world.tokenizer,
      options: pretrainOptions.parse({ steps: 2, batchSize: 4, maxLength: 40 }),
      streams: streams(1),
      progress: silent,
    });
  };

  it("add up: BERT's own pair, ALBERT's", async () => {
    expect(Object.keys((await together(["mlm", "nsp"])).losses)).toEqual(["mlm", "nsp"]);
    expect(Object.keys((await together(["whole-word", "sop"])).losses)).toEqual(["whole-word", "sop"]);
  });

  it.each([
    [
      ["nsp", "sop"],
      {},
      '"nsp" and "sop" want different pairs of segments. Wanted objectives that read the same pairs.',
    ],
    [["causal-lm", "mlm"], {}, '"causal-lm" hides from each piece what stands behind it, also from "mlm".'],
    [
      ["causal-lm"],
      { attention: () => ({}) },
      '"causal-lm" and the strategy both set which pieces see each other, or their positions.',
    ],
    [["mlm", "mlm"], {}, '"mlm" stands twice'],
  ] as readonly (readonly [readonly string[], Fusion, string])[])("are refused: %j", async (names, fusion, message) => {
    await expect(together(names, fusion)).rejects.toThrow(message);
  });

  it("of pairs make the same batches on every run", async () => {
    const [one, same] = [await together(["mlm", "nsp"]), await together(["mlm", "nsp"])];
    expect(one.losses).toEqual(same.losses);
    expect(one.examplesSeen).toBe(same.examplesSeen);
  });
});
