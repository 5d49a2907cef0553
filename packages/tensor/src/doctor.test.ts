import { expect, test } from "vitest";
import { backendName, doctor } from "./index.ts";

test("doctor says of every backend that it works and how fast, or why not and what to do", async () => {
  const diagnosis = await doctor();
  expect(diagnosis.versions.node).toBe(process.versions.node);
  expect(diagnosis.backends.map(({ name }) => name)).toEqual(["native", "webgpu", "wasm", "cpu"]);
  for (const { name, usable, speed, why, fix } of diagnosis.backends) {
    if (!usable) expect([why, fix].every((text) => typeof text === "string" && text.length > 20)).toBe(true);
    else if (name !== "cpu") {
      expect(speed?.matmulGflops, name).toBeGreaterThan(0.1);
      expect(speed?.trainingStepSeconds, name).toBeGreaterThan(0);
    }
  }
  const wasm = diagnosis.backends.find(({ name }) => name === "wasm");
  expect(wasm?.usable).toBe(true);
  expect(diagnosis.best).toBe(diagnosis.backends.find(({ usable }) => usable)?.name);
  expect(backendName()).toBe(diagnosis.best);
});
