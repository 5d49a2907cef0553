import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import type { BackendCandidate } from "./candidate.ts";

/** WebAssembly with SIMD, from the binary inside the package. Its threads never start under Node. */
export const wasmBackend: BackendCandidate = {
  name: "wasm",
  summary: "WebAssembly with SIMD on one thread; needs nothing installed.",
  load: async () => {
    const { setWasmPaths, version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
    const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(dirname(entry) + sep);
    return { engineName: "wasm", description: `WebAssembly SIMD, TensorFlow.js ${version_wasm}`, threads: 1 };
  },
};
