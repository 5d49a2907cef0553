import { Container } from "inversify";
import { expect, test } from "vitest";
import { z } from "zod";
import type { EmbeddingDefinition } from "./model.ts";
import embeddings from "./module.ts";
import { KG_EMBEDDING } from "./tokens.ts";

test("binds every model by its name, with a paper and options that say what they are", async () => {
  const container = new Container();
  await container.load(embeddings);
  const definitions = container.getAll<EmbeddingDefinition>(KG_EMBEDDING);
  expect(definitions.map(({ name }) => name)).toEqual(["transe", "distmult", "complex", "rotate"]);
  for (const { paper, summary, options, name, create } of definitions) {
    expect(paper?.title.length).toBeGreaterThan(10);
    expect(summary).toMatch(/\.$/);
    const { properties = {} } = z.toJSONSchema(options, { io: "input" });
    for (const [option, schema] of Object.entries(properties))
      expect(schema, `${name}.${option}`).toMatchObject({
        description: expect.any(String),
        default: expect.anything(),
      });
    expect(create(options.parse({}), {})).toMatchObject({ name, entityWidth: 100 });
  }
});
