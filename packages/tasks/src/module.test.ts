import { Container } from "inversify";
import { expect, it } from "vitest";
import { entityTyping, mlm, OBJECTIVE, TASK } from "./index.ts";
import module from "./module.ts";

it("binds the task and the objective under the slots' symbols", async () => {
  const container = new Container();
  await container.load(module);
  expect(container.getAll(TASK)).toEqual([entityTyping]);
  expect(container.getAll(OBJECTIVE)).toEqual([mlm]);
  expect([TASK, OBJECTIVE]).toEqual([Symbol.for("kgraft.task"), Symbol.for("kgraft.objective")]);
});
