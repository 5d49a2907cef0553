import type { Progress } from "@kgraft/runtime";
import { type BackendDiagnosis, type Diagnosis, doctor } from "@kgraft/tensor";
import { buildNative, type NativeBuild } from "@kgraft/tensor/native";

/** What works on this machine, for people. */
export interface Examination {
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What is missing and how to get it. */
  readonly fixes: readonly string[];
  readonly diagnosis: Diagnosis;
}

/** Examines the machine: versions, processor, and each backend with its speed, or why it cannot be used. */
export async function examine(progress: Progress): Promise<Examination> {
  const diagnosis = await doctor({ progress });
  const { versions, platform, processor, memoryBytes, backends, best } = diagnosis;
  return {
    facts: [
      ["node", `${versions.node}, ${platform}`],
      ["tensorflow.js", versions.tfjs],
      [
        "processor",
        `${processor.model}, ${processor.cores} cores${processor.extensions.map((one) => `, ${one}`).join("")}`,
      ],
      ["memory", `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
      ...backends.map((backend) => [backend.name, backendText(backend)] as const),
      ["auto takes", best],
    ],
    fixes: backends.flatMap(({ name, usable, fix }) => (usable || fix === undefined ? [] : [`${name}: ${fix}`])),
    diagnosis,
  };
}

function backendText({ usable, description, threads, cuda, speed, why }: BackendDiagnosis): string {
  if (!usable) return `not usable: ${why}`;
  const parts = [description, `${threads} ${threads === 1 ? "thread" : "threads"}`, ...(cuda === true ? ["CUDA"] : [])];
  if (speed !== undefined)
    parts.push(
      `matmul ${speed.matmulGflops.toFixed(0)} GFLOP/s`,
      `training step ${speed.trainingStepSeconds.toFixed(2)} s`,
    );
  return parts.join(", ");
}

/** Builds the native backend into the cache; quick where it is there. */
export function buildNativeBackend(kind: "cpu" | "cuda", progress: Progress): Promise<NativeBuild> {
  return buildNative({ kind, progress });
}
