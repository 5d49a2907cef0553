import { availableParallelism, cpus, totalmem } from "node:os";
import { messageOf, type Progress, silent } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "./backend/candidate.ts";
import { backends, openBackend } from "./backend/open-backend.ts";
import { processorExtensions } from "./backend/processor.ts";
import type { NativeBackend } from "./native/open-native.ts";
import { findPrerequisites } from "./native/prerequisites.ts";
import { BINDING_VERSION } from "./native/recipe.ts";
import { type BackendSpeed, measureSpeed } from "./speed.ts";

/** What a backend can do on this machine. */
export interface BackendDiagnosis {
  readonly name: BackendName;
  readonly usable: boolean;
  /** Where usable: one line, e.g. `TensorFlow 2.21.0 (CPU)`. */
  readonly description?: string;
  readonly threads?: number;
  /** Where usable: whether it computes on a CUDA device. */
  readonly cuda?: boolean;
  /** Where usable and measured. */
  readonly speed?: BackendSpeed;
  /** Where not usable: why, and what a person can do. */
  readonly why?: string;
  readonly fix?: string;
}

/** What kgraft finds on this machine. */
export interface Diagnosis {
  readonly versions: Readonly<Record<"node" | "tfjs", string>>;
  readonly platform: string;
  readonly processor: {
    readonly model: string;
    readonly cores: number;
    /** Vector and matrix extensions that TensorFlow makes use of; empty where the system does not tell. */
    readonly extensions: readonly string[];
  };
  readonly memoryBytes: number;
  readonly backends: readonly BackendDiagnosis[];
  /** The one that `auto` takes. */
  readonly best: BackendName;
}

/**
 * Finds out what works on this machine, how fast, and what would mend what does not. Leaves the best backend open.
 *
 * @param options.measure false: no speeds (they take some seconds)
 */
export async function doctor({
  progress = silent,
  measure = true,
}: {
  readonly progress?: Progress;
  readonly measure?: boolean;
} = {}): Promise<Diagnosis> {
  const diagnoses: BackendDiagnosis[] = [];
  for (const { name } of backends) diagnoses.push(await diagnose(name, measure, progress));
  const best = await openBackend("auto");
  return {
    versions: { node: process.versions.node, tfjs: tf.version_core },
    platform: `${process.platform}-${process.arch}`,
    processor: {
      model: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      extensions: await processorExtensions(),
    },
    memoryBytes: totalmem(),
    backends: diagnoses,
    best: best.name,
  };
}

async function diagnose(name: BackendName, measure: boolean, progress: Progress): Promise<BackendDiagnosis> {
  let opened: Awaited<ReturnType<typeof openBackend>>;
  try {
    opened = await openBackend(name);
  } catch (cause) {
    const why = messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
    return { name, usable: false, why, fix: await fixOf(name) };
  }
  const cuda = name === "native" && (tf.backend() as unknown as NativeBackend).isUsingGpuDevice;
  const found = { name, usable: true, description: opened.description, threads: opened.threads, cuda };
  if (!measure || name === "cpu") return found;
  return { ...found, speed: await measureSpeed(name, progress) };
}

async function fixOf(name: BackendName): Promise<string> {
  if (name === "webgpu")
    return `Install the packages webgpu@0.6.2 and @tensorflow/tfjs-backend-webgpu@${BINDING_VERSION}, and a graphics driver`;
  if (name !== "native") return "Install kgraft again: this backend comes with it";
  const { missing } = await findPrerequisites();
  return missing.length === 0
    ? "Run `kgraft doctor --native`, which builds it once for all checkouts"
    : `Get ${missing.join(" and ")}; then run \`kgraft doctor --native\``;
}
