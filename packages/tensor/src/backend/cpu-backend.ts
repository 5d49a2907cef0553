import type { BackendCandidate } from "./candidate.ts";

/** Plain JavaScript: the reference that everything else is compared with; slow. */
export const cpuBackend: BackendCandidate = {
  name: "cpu",
  summary: "Plain JavaScript, the reference; slow.",
  load: async () => {
    await import("@tensorflow/tfjs-backend-cpu");
    return { engineName: "cpu", description: "plain JavaScript", threads: 1 };
  },
};
