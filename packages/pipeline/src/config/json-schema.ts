import { pretrainOptions } from "@kgraft/tasks";
import { z } from "zod";
import type { AnyDefinition, Registry, SlotName } from "../registry.ts";
import { graphOptions, taskOptions, topLevel } from "./sections.ts";

/** A JSON schema, as far as it is put together here. */
export type JsonSchema = Record<string, unknown> & { properties?: Record<string, unknown>; required?: string[] };

/**
 * The JSON schema of a config, for editors: the union of the option sets of everything in a registry. What the reader
 * checks and editors show comes from the same schemas.
 */
export function configJsonSchema(registry: Registry): JsonSchema {
  const schema = jsonSchema(topLevel);
  const properties = schema.properties as Record<string, unknown>;
  const oneOf = (slot: SlotName, shared: JsonSchema = {}): unknown => ({
    oneOf: registry.entries(slot).map(({ definition }) => choice(definition, shared)),
  });
  for (const slot of ["corpus", "linker", "embedding"] as const) properties[slot] = oneOf(slot);
  properties.graph = oneOf("graph", jsonSchema(graphOptions));
  const task = jsonSchema(taskOptions);
  properties.task = oneOf("task", { ...task, properties: { ...task.properties, data: oneOf("dataset") } });
  properties.pretrain = jsonSchema(pretrainOptions);
  properties.strategies = {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      registry
        .entries("fusion")
        .map(({ definition }) => [
          definition.name,
          { ...jsonSchema(definition.options), description: definition.summary },
        ]),
    ),
  };
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "kgraft config", ...schema };
}

function choice(definition: AnyDefinition, shared: JsonSchema): JsonSchema {
  const own = jsonSchema(definition.options);
  return {
    ...own,
    description: definition.summary,
    properties: { name: { const: definition.name }, ...own.properties, ...shared.properties },
    required: ["name", ...(own.required ?? []), ...(shared.required ?? [])],
  };
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema: one }) => void delete one.kgraftPath,
  }) as JsonSchema;
  return rest;
}
