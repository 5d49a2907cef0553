import { createEncoder, readEncoderConfig } from "@kgraft/encoder";
import { describe, expect, it } from "vitest";
import { parametersBelow } from "./frozen-layers.ts";

const encoder = (modelType: string, more: Readonly<Record<string, unknown>> = {}) =>
  createEncoder(
    readEncoderConfig(
      {
        model_type: modelType,
        vocab_size: 20,
        hidden_size: 8,
        num_hidden_layers: 4,
        num_attention_heads: 2,
        intermediate_size: 16,
        max_position_embeddings: 16,
        ...more,
      },
      "config.json",
    ),
  );

describe("parameters below a layer", () => {
  it("are the embeddings' and those layers', whatever the family calls them", () => {
    for (const model of [encoder("bert"), encoder("roberta"), encoder("electra", { embedding_size: 4 })]) {
      const names = model.parameters.map(({ name }) => name);
      const below = parametersBelow(model, 2, "x");
      expect(below).toEqual(names.filter((name) => /embeddings|layer\.[01]\./.test(name)));
      expect(parametersBelow(model, 0, "x")).toEqual([]);
      const pooler = names.filter((name) => name.includes("pooler"));
      expect(parametersBelow(model, 4, "x")).toEqual(names.filter((name) => !pooler.includes(name)));
    }
  });

  it("cannot be told apart where layers share their weights", () => {
    const shared = encoder("albert", { embedding_size: 4, num_hidden_groups: 1 });
    expect(() => parametersBelow(shared, 2, "entity-typing.freezeLayers")).toThrow(
      "entity-typing.freezeLayers: is 2, but each 4 layers of the encoder share their weights. Wanted a multiple of 4. Set it to 0 to train everything.",
    );
    expect(parametersBelow(shared, 4, "x").every((name) => !name.includes("pooler"))).toBe(true);
  });
});
