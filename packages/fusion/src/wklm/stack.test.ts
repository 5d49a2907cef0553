import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { FusionDefinition } from "../contract.ts";
import { ernieThu } from "../ernie-thu/index.ts";
import { kAdapter } from "../k-adapter/index.ts";
import { kBert } from "../k-bert/index.ts";
import { kgBert } from "../kg-bert/index.ts";
import { prepareExamples } from "../prepared-text.ts";
import { stackFusions } from "../stack.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { openTrial } from "../testing/trial.ts";
import { describeFusion } from "../testing.ts";
import { wklm } from "./wklm.ts";

const stack = (...parts: readonly unknown[]) => stackFusions(parts as FusionDefinition[], "config.fusion.name");

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

describeFusion(stack(wklm, ernieThu), {
  options: { wklm: { replaceRate: 0.5 }, "ernie-thu": { fusedLayers: [2, 3] } },
  refused: { "wklm.replaceRate": { wklm: { replaceRate: 0.6 } } },
});

/** Arrays of a pre-training batch of the rewritten examples. */
async function batchOf(definition: FusionDefinition, options: Readonly<Record<string, unknown>>) {
  const trial = openTrial(definition, options, world);
  onTestFinished(() => trial.parameters.dispose());
  const { prepared, counts } = await prepareExamples(world.examples, {
    tokenizer: world.tokenizer,
    maxLength: 40,
    fusion: trial.fused.fusion,
    drawFor: (index) => streams(2).at("rewriting", 0, index),
  });
  const batch = trial.collate(prepared, 40, streams(1).at("corruption"));
  return { trial, prepared, counts, batch, losses: Object.keys(trial.fused.fusion.heads ?? {}) };
}

describe("WKLM beside other strategies", () => {
  const options = { replaceRate: 0.5 };

  it("gives ERNIE the vectors of the entities that it put in", async () => {
    const ernie = { hideRate: 0, replaceRate: 0, fusedLayers: [3] };
    const { prepared, batch, counts, losses } = await batchOf(stack(ernieThu, wklm), {
      wklm: options,
      "ernie-thu": ernie,
    });
    const ids = batch.arrays["fusion/ernie-thu/entityIds"]?.data ?? [];
    const rows = prepared.flatMap(({ example }) =>
      (example.mentions ?? []).map(({ entity }) => (world.vectors.row.get(entity) ?? -1) + 1),
    );
    expect(prepared.some(({ example }) => example.mentions?.some(({ replaces }) => replaces))).toBe(true);
    expect([...ids].filter((id) => id > 0)).toEqual(rows.filter((row) => row > 0));
    expect(losses).toEqual(["entityAlignment", "entityReplacement"]);
    expect(counts["wklm mentionsReplaced"]).toBeGreaterThan(0);
    expect(counts["ernie-thu mentions"]).toBe(counts["wklm mentions"]);
  });

  it("asks the same of a text whether or not K-BERT puts branches behind its mentions", async () => {
    const alone = await batchOf(stack(wklm), options);
    const both = await batchOf(stack(kBert, wklm), { wklm: options, "k-bert": {} });
    const around = ({ prepared, batch }: typeof alone) => {
      const { data = [] } = batch.arrays["fusion/wklm/pieces"] ?? {};
      return Array.from(data, (place) => prepared[Math.floor(place / 40)]?.encoding.tokens[place % 40]);
    };
    const longest = (one: typeof alone) => Math.max(...one.prepared.map(({ encoding }) => encoding.ids.length));
    expect(longest(both)).toBeGreaterThan(longest(alone));
    expect(around(both)).toEqual(around(alone));
    expect(both.batch.arrays["fusion/wklm/labels"]).toEqual(alone.batch.arrays["fusion/wklm/labels"]);
  });

  it("stands with K-Adapter, whose stage keeps the encoder as it is", async () => {
    const { trial, batch, losses } = await batchOf(stack(wklm, kAdapter), {
      wklm: options,
      "k-adapter": { innerHeads: 2 },
    });
    expect(losses).toEqual(["entityReplacement", "factual"]);
    expect(trial.run(batch).values.every(Number.isFinite)).toBe(true);
    expect(trial.fused.frozenIn("pretraining")).toEqual(
      expect.arrayContaining(trial.fused.encoder.parameters.map(({ name }) => name)),
    );
  });

  it("is refused beside a strategy that reads triples only", () => {
    expect(() => stack(wklm, kgBert)).toThrow(
      'config.fusion.name: "wklm+kg-bert" cannot stand on one encoder: "wklm" takes text examples, "kg-bert" takes triple examples.',
    );
  });
});
