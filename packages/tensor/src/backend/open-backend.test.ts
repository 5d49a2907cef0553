import { expect, test } from "vitest";
import { openBackend, tf } from "../index.ts";

test("cpu and wasm open and compute a gradient", async () => {
  for (const name of ["cpu", "wasm"]) {
    const backend = await openBackend(name);
    expect(backend.name).toBe(name);
    expect(tf.getBackend()).toBe(name);
  }
});
