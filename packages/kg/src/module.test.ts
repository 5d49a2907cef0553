import { Container } from "inversify";
import { expect, it } from "vitest";
import { GRAPH, type GraphDefinition } from "./index.ts";
import graphs from "./module.ts";

it("binds every adapter of this package by its name, with described options", async () => {
  const container = new Container();
  await container.load(graphs);
  const bound = container.getAll<GraphDefinition<unknown>>(GRAPH);
  expect(bound.map(({ name }) => name)).toEqual([
    "codex",
    "fewrel",
    "folder",
    "graphology",
    "neo4j",
    "rdf",
    "spo",
    "tsv",
    "wordnet",
  ]);
  for (const { options, summary } of bound) {
    const { shape } = options as unknown as { shape: Record<string, { description?: string }> };
    expect(summary).toMatch(/\.$/);
    for (const option of Object.values(shape)) expect(option.description).toMatch(/\w/);
  }
});
