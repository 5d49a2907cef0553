import { Container } from "inversify";
import { expect, it } from "vitest";
import { OBJECTIVE, type ObjectiveDefinition, objectives, TASK, type TaskDefinition } from "./index.ts";
import module from "./module.ts";

it("binds the tasks and the objectives under the slots' symbols", async () => {
  const container = new Container();
  await container.load(module);
  expect(container.getAll<TaskDefinition>(TASK).map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "entity-typing",
      "relation-classification",
      "sentence-classification",
      "named-entity-recognition",
      "triple-classification",
      "link-prediction",
      "relation-prediction",
    ]),
  );
  expect(container.getAll<ObjectiveDefinition>(OBJECTIVE)).toEqual(objectives);
  expect([TASK, OBJECTIVE]).toEqual([Symbol.for("kgraft.task"), Symbol.for("kgraft.objective")]);
});
