import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";
import { describe, expect, test, vi } from "vitest";
import { backendName, openBackend, rawOp, tf } from "../index.ts";
import { isNativeBuilt, nativeFolder } from "../native/index.ts";
import { restoreNodeFunctions } from "../native/open-native.ts";

const native = await openBackend("native").then(
  () => undefined,
  (error: Error) => error.message,
);
const withoutNative = native === undefined ? "" : ` (skipped: ${native})`;

test("opens by name, again and again, and says what it is", async () => {
  for (const name of ["cpu", "wasm", "cpu", "wasm"]) {
    const backend = await openBackend(name);
    expect(backend).toMatchObject({ name, threads: 1, passedOver: [] });
    expect(backend.description.length).toBeGreaterThan(5);
    expect(backendName()).toBe(name);
    expect(tf.getBackend()).toBe(name);
  }
});

test("auto takes the best that works and says why not the better ones", async () => {
  const { name, passedOver } = await openBackend("auto");
  const order = ["native", "webgpu", "wasm", "cpu"];
  expect(passedOver.map((each) => each.name)).toEqual(order.slice(0, order.indexOf(name)));
  for (const { why } of passedOver) expect(why.length).toBeGreaterThan(10);
  expect(name === "native").toBe(native === undefined);
});

test("an unknown backend and one that cannot be used are refused", async () => {
  await expect(openBackend("wsm")).rejects.toThrow(
    'config.backend: no backend "wsm". Known: auto, native, webgpu, wasm, cpu. Did you mean "wasm"?',
  );
  await expect(openBackend("webgpu")).rejects.toThrow(
    /^config\.backend: the backend "webgpu" cannot be used: .+\. Take "auto"/,
  );
});

test("a backend that cannot be used leaves the one in use", async () => {
  await openBackend("cpu");
  await expect(openBackend("webgpu")).rejects.toThrow();
  expect(backendName()).toBe("cpu");
});

test("opening wasm leaves the process's error handlers and the screen alone", async () => {
  const warn = vi.spyOn(console, "warn");
  const handlers = ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
  await openBackend("wasm");
  await openBackend("cpu");
  tf.tidy(() => tf.add(1, 2).dataSync());
  expect(["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event))).toEqual(handlers);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test("the functions that Node 23 took away are put back", () => {
  const functions = util as unknown as Record<string, unknown>;
  const { isNullOrUndefined, isArray } = functions;
  try {
    functions.isNullOrUndefined = undefined;
    functions.isArray = undefined;
    restoreNodeFunctions();
    expect([null, undefined, 0].map(functions.isNullOrUndefined as (x: unknown) => boolean)).toEqual([
      true,
      true,
      false,
    ]);
    expect((functions.isArray as (x: unknown) => boolean)([])).toBe(true);
  } finally {
    Object.assign(functions, { isNullOrUndefined, isArray });
  }
});

test("a raw op outside native is refused", async () => {
  await openBackend("cpu");
  expect(() => rawOp("MatMul", {}, [])).toThrow(
    'tensor.rawOp MatMul: the backend in use is "cpu". Raw TensorFlow ops run on "native" only.',
  );
});

describe.skipIf(native !== undefined)(`native${withoutNative}`, () => {
  test("raw ops take attributes of every kind and name what TensorFlow refuses", async () => {
    await openBackend("native");
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const flags = { transpose_a: { bool: false }, transpose_b: { bool: true } } as const;
    const [y] = rawOp("MatMul", { T: { type: "float32" }, ...flags }, [x, x]);
    expect(Array.from(y?.dataSync() ?? [])).toEqual([5, 11, 11, 25]);
    expect(() => rawOp("MatMul", { T: { type: "float32" } }, [x, tf.ones([3, 3])])).toThrow(
      /^tensor\.rawOp MatMul: TensorFlow refuses \[float32 \[2,2\], float32 \[3,3\]\]: /,
    );
  });

  test("one engine serves all backends: a variable made on one is read on another", async () => {
    await openBackend("wasm");
    const variable = tf.variable(tf.tensor1d([1, 2]));
    await openBackend("native");
    const { grads } = tf.variableGrads(() => tf.sum(tf.square(variable)), [variable]);
    expect(Array.from(grads[variable.name]?.dataSync() ?? [])).toEqual([2, 4]);
    variable.dispose();
  });

  test.skipIf(!isNativeBuilt("cpu"))(
    "several threads compute at once without a crash (needs the build in the cache)",
    () => {
      const script = fileURLToPath(new URL("../../test-data/threads.cjs", import.meta.url));
      const core = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
      const loader = join(nativeFolder("cpu"), "load.cjs");
      for (let run = 0; run < 1; run++) {
        const { status, signal, stderr } = spawnSync(process.execPath, [script, loader, core], { encoding: "utf8" });
        expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
      }
    },
  );
});
