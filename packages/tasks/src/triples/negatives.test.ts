import { streams } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { ringExample, ringSplits } from "../testing/made-triples.ts";
import { withNegatives } from "./judged-examples.ts";
import { NegativeSampler } from "./negatives.ts";
import { isTrue, numberTriples, tripleKey } from "./numbered-triples.ts";

const triples = numberTriples(ringSplits(), "a test");
const sampler = new NegativeSampler(triples, [triples.train]);
const positive = [triples.train[0], triples.train[1], triples.train[2]] as [number, number, number];
const training = new Set(
  Array.from({ length: triples.train.length / 3 }, (_, i) =>
    tripleKey(...(Array.from(triples.train.subarray(3 * i, 3 * i + 3)) as [number, number, number]), triples),
  ),
);

describe("negatives", () => {
  it("are never their positive or a training triple, all on one side, of which half are heads", () => {
    let heads = 0;
    const times = 2000;
    for (let i = 0; i < times; i++) {
      const drawn = sampler.draw(positive, 5, streams(3).at("negatives", i));
      expect(drawn).toHaveLength(5);
      const onHead = drawn.every((one) => one[2] === positive[2] && one[0] !== positive[0]);
      const onTail = drawn.every((one) => one[0] === positive[0] && one[2] !== positive[2]);
      expect([onHead, onTail]).toContain(true);
      for (const one of drawn) {
        expect(one[1]).toBe(positive[1]);
        expect(training.has(tripleKey(...one, triples))).toBe(false);
      }
      if (onHead) heads++;
    }
    expect(Math.abs(heads / times - 0.5)).toBeLessThan(3 * Math.sqrt(0.25 / times));
  });

  it("are the same for the same stream, others for another", () => {
    const draw = (seed: number) => sampler.draw(positive, 20, streams(seed).at("negatives", 1));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });

  it("take the other side where one has none, and none where neither has", () => {
    const entities = [0, 1];
    const full = entities.map((tail, i) => ringExample(`${i}`, 0, 0, tail));
    const one = numberTriples({ train: full, validation: [], test: [] }, "a test");
    const only = new NegativeSampler(one, [one.train]);
    for (let i = 0; i < 20; i++)
      for (const drawn of only.draw([0, 0, 1], 2, streams(1).at("negatives", i))) expect(drawn).toEqual([1, 0, 1]);
    const every = entities.flatMap((head) => entities.map((tail) => ringExample(`${head} ${tail}`, head, 0, tail)));
    const closed = numberTriples({ train: every, validation: [], test: [] }, "a test");
    expect(new NegativeSampler(closed, [closed.train]).draw([0, 0, 1], 2, streams(1).at("negatives"))).toEqual([]);
  });

  it("stand behind their positives, labelled; what is labelled false stands for itself", () => {
    const examples = [ringExample("a", 0, 0, 1), { ...ringExample("b", 0, 0, 5), labels: ["-1"] }];
    const made = withNegatives(examples, {
      triples,
      sampler,
      negativesOf: () => 2,
      drawFor: (place) => streams(1).at("negatives", place),
      at: "a test",
    });
    expect(made.map(({ id, labels }) => `${id} ${labels?.join()}`)).toEqual([
      "a 1",
      "a/negative-0 0",
      "a/negative-1 0",
      "b 0",
    ]);
    expect(made[1]?.text).toBe(
      `${made[1]?.triple?.head.text} ${made[1]?.triple?.relation.text} ${made[1]?.triple?.tail.text}`,
    );
  });
});

describe("triples of examples", () => {
  it("are refused without a triple, and with a label that says neither", () => {
    const bare = { id: "x", text: "no triple" };
    expect(() => numberTriples({ train: [bare], validation: [], test: [] }, "link-prediction")).toThrow(
      'link-prediction: example "x" has no triple. Wanted "triple"',
    );
    expect(() => isTrue({ ...bare, labels: ["maybe"] }, "train")).toThrow(
      'train: example "x" has the labels ["maybe"]. Wanted 1 for a true triple',
    );
  });
});
