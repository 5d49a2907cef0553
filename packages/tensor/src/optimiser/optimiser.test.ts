import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import {
  clipByGlobalNorm,
  Optimiser,
  type OptimiserConfig,
  openBackend,
  type ParameterSpec,
  Parameters,
  tf,
} from "../index.ts";

const size = 6;
const specs: readonly ParameterSpec[] = [
  { name: "layer.weight", shape: [2, 3], init: { kind: "normal", deviation: 1 }, role: "weight" },
  { name: "layer.bias", shape: [6], init: { kind: "normal", deviation: 1 }, role: "bias" },
];
const gradientAt = (step: number, i: number, name: string): number => Math.sin(step * 1.7 + i * 0.9 + name.length);

type Numbers = Float64Array;
/** One update of one parameter in float64, written from the equations; `s` is the optimiser's memory. */
type Reference = (p: Numbers, g: Numbers, s: Record<string, Numbers>, t: number, decays: boolean) => void;

const memory = (s: Record<string, Numbers>, name: string): Numbers => {
  s[name] ??= new Float64Array(size);
  return s[name];
};
const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const norm = (values: Numbers): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** m̂ / (√v̂ + ε), Kingma and Ba, ICLR 2015, algorithm 1. */
function adam(
  g: Numbers,
  s: Record<string, Numbers>,
  t: number,
  [b1, b2, eps]: [number, number, number],
  correct = true,
) {
  const [m, v] = [memory(s, "m"), memory(s, "v")];
  return g.map((value, i) => {
    m[i] = b1 * at(m, i) + (1 - b1) * value;
    v[i] = b2 * at(v, i) + (1 - b2) * value ** 2;
    return at(m, i) / (correct ? 1 - b1 ** t : 1) / (Math.sqrt(at(v, i) / (correct ? 1 - b2 ** t : 1)) + eps);
  });
}

const rate = 0.05;
const cases: Record<string, [OptimiserConfig, Reference]> = {
  AdamW: [
    { name: "adamw", rate, decay: 0.3 },
    (p, g, s, t, decays) => {
      const direction = adam(g, s, t, [0.9, 0.999, 1e-8]);
      for (let i = 0; i < size; i++) p[i] = at(p, i) * (decays ? 1 - rate * 0.3 : 1) - rate * at(direction, i);
    },
  ],
  "AdamW without bias correction": [
    { name: "adamw", rate, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, biasCorrection: false },
    (p, g, s, t, decays) => {
      const direction = adam(g, s, t, [0.8, 0.9, 1e-3], false);
      for (let i = 0; i < size; i++) p[i] = at(p, i) * (decays ? 1 - rate * 0.01 : 1) - rate * at(direction, i);
    },
  ],
  LAMB: [
    { name: "lamb", rate, decay: 0.2 },
    (p, g, s, t, decays) => {
      const direction = adam(g, s, t, [0.9, 0.999, 1e-6]).map((r, i) => r + (decays ? 0.2 * at(p, i) : 0));
      const ratio = decays ? norm(p) / norm(direction) : 1;
      for (let i = 0; i < size; i++) p[i] = at(p, i) - rate * ratio * at(direction, i);
    },
  ],
  SGD: [
    { name: "sgd", rate },
    (p, g) => {
      for (let i = 0; i < size; i++) p[i] = at(p, i) - rate * at(g, i);
    },
  ],
  "SGD with momentum and decay": [
    { name: "sgd", rate, momentum: 0.9, decay: 0.1 },
    (p, g, s, _, decays) => {
      const velocity = memory(s, "velocity");
      for (let i = 0; i < size; i++) {
        velocity[i] = 0.9 * at(velocity, i) + at(g, i) + (decays ? 0.1 * at(p, i) : 0);
        p[i] = at(p, i) - rate * at(velocity, i);
      }
    },
  ],
  "SGD with Nesterov's momentum": [
    { name: "sgd", rate, momentum: 0.9, nesterov: true },
    (p, g, s) => {
      const velocity = memory(s, "velocity");
      for (let i = 0; i < size; i++) {
        velocity[i] = 0.9 * at(velocity, i) + at(g, i);
        p[i] = at(p, i) - rate * (at(g, i) + 0.9 * at(velocity, i));
      }
    },
  ],
  Adagrad: [
    { name: "adagrad", rate, decay: 0.1 },
    (p, g, s, _, decays) => {
      const squares = memory(s, "squares");
      for (let i = 0; i < size; i++) {
        const slope = at(g, i) + (decays ? 0.1 * at(p, i) : 0);
        squares[i] = at(squares, i) + slope ** 2;
        p[i] = at(p, i) - (rate * slope) / (Math.sqrt(at(squares, i)) + 1e-10);
      }
    },
  ],
};

function applied(optimiser: Optimiser, step: number, names: readonly string[] = specs.map(({ name }) => name)): void {
  const scalars = optimiser.scalars(step, 1);
  const gradients = Object.fromEntries(
    names.map((name) => {
      const values = Float32Array.from({ length: size }, (_, i) => gradientAt(step, i, name));
      return [name, tf.tensor(values, name.endsWith("weight") ? [2, 3] : [6])];
    }),
  );
  optimiser.apply(gradients, scalars);
  tf.dispose([gradients, { ...scalars }]);
}

describe.each(testedBackends)("on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it.each(Object.entries(cases))(
    "%s equals its equations in float64 over ten steps",
    async (_, [config, reference]) => {
      const before = tf.memory().numTensors;
      const parameters = Parameters.create(specs, streams(4));
      const start = await parameters.snapshot();
      const optimiser = new Optimiser(config, parameters);
      for (let step = 1; step <= 10; step++) applied(optimiser, step);
      const moments = new Map<string, Float32Array>();
      for (const { name, data } of optimiser.moments()) moments.set(name, await data());
      for (const [name, values] of await parameters.snapshot()) {
        const p = Float64Array.from(start.get(name) ?? []);
        const s: Record<string, Numbers> = {};
        for (let t = 1; t <= 10; t++)
          reference(
            p,
            Float64Array.from({ length: size }, (_, i) => gradientAt(t, i, name)),
            s,
            t,
            name === "layer.weight",
          );
        for (let i = 0; i < size; i++) expect(at(values, i)).toBeCloseTo(at(p, i), 5);
        for (const [moment, expected] of Object.entries(s))
          for (let i = 0; i < size; i++)
            expect(at(moments.get(`${moment}/${name}`) ?? [], i)).toBeCloseTo(at(expected, i), 5);
      }
      optimiser.dispose();
      parameters.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it("goes on from written moments, and leaves what has no gradient as it is", async () => {
    const first = Parameters.create(specs, streams(4));
    const second = Parameters.create(specs, streams(4));
    const [one, two] = [first, second].map((parameters) => new Optimiser({ name: "adamw", rate }, parameters)) as [
      Optimiser,
      Optimiser,
    ];
    applied(one, 1);
    applied(one, 2, ["layer.weight"]);
    const saved = new Map<string, Float32Array>();
    for (const { name, data } of one.moments()) saved.set(name, await data());
    for (const [name, values] of await first.snapshot()) second.assign(name, values);
    await two.assignMoments(async (name) => saved.get(name) as Float32Array);
    applied(one, 3);
    applied(two, 3);
    expect(await second.snapshot()).toEqual(await first.snapshot());
    const bias = (await first.snapshot()).get("layer.bias");
    applied(one, 4, ["layer.weight"]);
    expect((await first.snapshot()).get("layer.bias")).toEqual(bias);
    for (const owner of [one, two, first, second]) owner.dispose();
  });

  it("clips to a global norm", () => {
    const gradients = { a: tf.tensor1d([3, 0]), b: tf.tensor2d([[0, 4]]) };
    const clipped = clipByGlobalNorm(gradients, tf.scalar(2));
    expect(clipped.norm.dataSync()[0]).toBeCloseTo(5, 6);
    expect(clipped.gradients.a?.dataSync()[0]).toBeCloseTo(1.2, 6);
    expect(clipped.gradients.b?.dataSync()[1]).toBeCloseTo(1.6, 6);
    const within = clipByGlobalNorm(gradients, tf.scalar(7));
    expect([...(within.gradients.b as tf.Tensor).dataSync()]).toEqual([0, 4]);
  });
});

describe("an optimiser's settings", () => {
  beforeAll(async () => void (await openBackend("cpu")));
  const parameters = (): Parameters => Parameters.create(specs, streams(1));

  it("follow groups, the first that matches", async () => {
    const trained = parameters();
    const groups = [
      { match: "*.bias", frozen: true },
      { match: "/^layer\\./", rate: 0.5, decay: 0 },
    ];
    const optimiser = new Optimiser({ name: "sgd", rate }, trained, { groups });
    expect(optimiser.trainable).toEqual(["layer.weight"]);
    const start = (await trained.snapshot()).get("layer.weight") ?? new Float32Array();
    applied(optimiser, 1, ["layer.weight"]);
    const moved = (await trained.snapshot()).get("layer.weight") ?? new Float32Array();
    expect(at(start, 2) - at(moved, 2)).toBeCloseTo(0.5 * gradientAt(1, 2, "layer.weight"), 5);
    expect(() => applied(optimiser, 2)).toThrow('tensor.optimiser: "layer.bias" has a gradient but is not trained.');
  });

  it("name what is wrong", () => {
    const make =
      (config: unknown, options = {}) =>
      () =>
        new Optimiser(config as OptimiserConfig, parameters(), options);
    expect(make({ name: "adam", rate })).toThrow(
      'optimiser.name: no optimiser "adam". Wanted one of adamw, lamb, sgd, adagrad. Did you mean "adamw"?',
    );
    expect(make({ name: "sgd", rate: -1 })).toThrow("optimiser.rate: is -1. Wanted a number above 0.");
    expect(make({ name: "sgd", rate: Number.NaN })).toThrow("optimiser.rate: is NaN.");
    const sgd = { name: "sgd", rate };
    expect(make(sgd, { groups: [{ match: "*" }, { match: "layer.wieght" }] })).toThrow(
      'groups[1].match: "layer.wieght" matches no parameter. Nearest: layer.weight.',
    );
    expect(make(sgd, { groups: [{ match: "/(/" }] })).toThrow(/^groups\[0\].match: Invalid regular expression/);
    expect(make(sgd, { groups: [{ match: "layer.*", frozen: true }] })).toThrow(
      "groups: all 2 parameters are frozen. Wanted something to train.",
    );
    expect(make(sgd, { layerwiseDecay: { factor: 0.9 } })).toThrow(/^layerwiseDecay.layer: .* matches no parameter\. /);
    expect(make(sgd, { layerwiseDecay: { factor: 0.9, layer: "(" } })).toThrow("layerwiseDecay.layer: Invalid regular");
  });
});
