import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { openNative } from "../native/open-native.ts";
import type { BackendCandidate } from "./candidate.ts";
import { noteStart } from "./matmul-precision.ts";

/** TensorFlow itself, through the binding of tfjs-node. */
export const nativeBackend: BackendCandidate = {
  name: "native",
  summary: "TensorFlow itself (C++, all cores; CUDA is built, not yet proven); built once by `kgraft doctor --native`.",
  load: async () => {
    noteStart();
    const { binding, isUsingGpuDevice } = openNative(tf);
    const device = isUsingGpuDevice ? "CUDA" : "CPU";
    return {
      engineName: "tensorflow",
      description: `TensorFlow ${binding.TF_Version ?? "of unknown version"} (${device})`,
      threads: threads(),
    };
  },
};

/** TensorFlow takes this setting when it starts, else one thread a core. */
function threads(): number {
  const asked = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(asked) && asked > 0 ? asked : availableParallelism();
}
