import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendCandidate } from "./candidate.ts";

/** WebAssembly with SIMD, from the binary inside the package. Its threads never start under Node. */
export const wasmBackend: BackendCandidate = {
  name: "wasm",
  summary: "WebAssembly with SIMD on one thread; needs nothing installed.",
  load: async () => {
    const { setWasmPaths, version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
    const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(dirname(entry) + sep);
    await withoutNewListeners(() => tf.setBackend("wasm"));
    return { engineName: "wasm", description: `WebAssembly SIMD, TensorFlow.js ${version_wasm}`, threads: 1 };
  },
};

/** The binary's loader takes over the process's last-resort error handlers, so that errors print as its own: undone. */
async function withoutNewListeners(load: () => Promise<boolean>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => new Set(process.rawListeners(event)));
  await load();
  for (const [i, event] of events.entries())
    for (const listener of process.rawListeners(event))
      if (!before[i]?.has(listener)) process.removeListener(event, listener as (...args: unknown[]) => void);
}
