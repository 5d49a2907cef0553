import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { openBackend } from "../index.ts";
import { processorExtensions } from "./processor.ts";

const testData = fileURLToPath(new URL("../../test-data/", import.meta.url));
const short = (await processorExtensions()).some((extension) => extension.endsWith("_bf16"));
const native = testedBackends.includes("native");

test("bfloat16 outside native is refused", async () => {
  await expect(openBackend("wasm", { matmul: "bfloat16" })).rejects.toThrow(
    'tensor.openBackend matmul: the backend "wasm" multiplies in float32 only. Take "native", or leave it at float32.',
  );
});

test.skipIf(!native || short)(
  "bfloat16 on a processor without it is refused (needs such a one, and native)",
  async () => {
    await expect(openBackend("native", { matmul: "bfloat16" })).rejects.toThrow(
      "this processor has no bfloat16 products (avx512_bf16 or amx_bf16). Leave it at float32, which is as fast here.",
    );
  },
);

test.skipIf(!native || !short)(
  "products in bfloat16 are right to three digits, and no more (needs such a processor, and native)",
  () => {
    const args = [`${testData}run-typescript.mjs`, `${testData}bfloat16-run.ts`];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(Number(stdout), stderr).toBeLessThan(1e-2);
    expect(Number(stdout), stderr).toBeGreaterThan(1e-5);
  },
);

test.skipIf(!native)("once TensorFlow has started in float32 it stays so (needs native)", async () => {
  await openBackend("native", { matmul: "float32" });
  await expect(openBackend("native", { matmul: "bfloat16" })).rejects.toThrow(
    "TensorFlow multiplies in float32 in this process already. Open it in another process.",
  );
});
