import { InputError, messageOf, suggestion } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { BACKEND_NAMES, type BackendCandidate, type BackendName, type LoadedBackend } from "./candidate.ts";
import { cpuBackend } from "./cpu-backend.ts";
import { type MatmulPrecision, prepareMatmul, refuseMatmul } from "./matmul-precision.ts";
import { nativeBackend } from "./native-backend.ts";
import { registerGradients } from "./register-gradients.ts";
import { selfTest } from "./self-test.ts";
import { wasmBackend } from "./wasm-backend.ts";
import { webgpuBackend } from "./webgpu-backend.ts";

/** All backends, best first. */
export const backends: readonly BackendCandidate[] = [nativeBackend, webgpuBackend, wasmBackend, cpuBackend];

/** An open backend: what TensorFlow.js now computes on. */
export interface Backend {
  readonly name: BackendName;
  /** One line for people. */
  readonly description: string;
  /** Threads that one op may use. */
  readonly threads: number;
  /** Better backends that `auto` did not take, and why. */
  readonly passedOver: readonly PassedOver[];
}

/** A backend that was not taken. */
export interface PassedOver {
  readonly name: BackendName;
  readonly why: string;
}

const loaded = new Map<BackendName, Promise<LoadedBackend>>();

/** How a backend is opened. */
export interface BackendOptions {
  /** `bfloat16`: on native, where the processor has such products. Default float32. */
  readonly matmul?: MatmulPrecision;
}

/**
 * Opens a backend and makes TensorFlow.js compute on it; a second call is quick.
 *
 * @param asked `auto` takes the best that loads and passes a self-test; with bfloat16 products it is native
 * @throws InputError `tensor.backend.precision` where it cannot multiply as asked
 * @throws InputError `tensor.backend.unknown` for another name, `tensor.backend.unavailable` where it cannot be used
 */
export async function openBackend(asked: string, { matmul }: BackendOptions = {}): Promise<Backend> {
  const name = asked === "auto" && matmul === "bfloat16" ? "native" : asked;
  if (name !== "auto" && !isBackendName(name))
    throw new InputError({
      code: "tensor.backend.unknown",
      at: "config.backend",
      problem: `no backend "${name}"`,
      wanted: `Known: auto, ${BACKEND_NAMES.join(", ")}`,
      fix: suggestion(name, ["auto", ...BACKEND_NAMES]),
    });
  if (matmul === "bfloat16" && name !== "native") throw refuseMatmul(name);
  if (name === "native" && matmul !== undefined) await prepareMatmul(matmul);
  const passedOver: PassedOver[] = [];
  for (const candidate of backends.filter((each) => name === "auto" || each.name === name)) {
    try {
      const { description, threads } = await use(candidate);
      return { name: candidate.name, description, threads, passedOver };
    } catch (cause) {
      passedOver.push({ name: candidate.name, why: messageOf(cause) });
    }
  }
  throw unavailable(name, passedOver);
}

function unavailable(name: string, passedOver: readonly PassedOver[]): InputError {
  const reasons = passedOver.map((each) => (name === "auto" ? `${each.name}: ${each.why}` : each.why));
  return new InputError({
    cause: new Error(reasons.join("; ")),
    code: "tensor.backend.unavailable",
    at: "config.backend",
    problem: `the backend "${name}" cannot be used: ${reasons.join("; ")}`,
    fix: 'Take "auto", which uses the best one that works here; "kgraft doctor" says what is missing',
  });
}

function isBackendName(name: string): name is BackendName {
  return (BACKEND_NAMES as readonly string[]).includes(name);
}

/** Loads and checks a backend the first time, then switches to it. */
async function use(candidate: BackendCandidate): Promise<LoadedBackend> {
  // Else TensorFlow.js prints an advertisement for tfjs-node; the flag silences its remarks and changes nothing else.
  tf.env().set("PROD", true);
  const before = tf.engine().backendName as string | null | undefined;
  const known = loaded.get(candidate.name);
  const loading = known ?? candidate.load();
  loaded.set(candidate.name, loading);
  try {
    const backend = await loading;
    if (!(await tf.setBackend(backend.engineName))) throw new Error("TensorFlow.js refuses it");
    if (known === undefined) {
      registerGradients();
      const wrong = await selfTest();
      if (wrong !== undefined) throw new Error(wrong);
    }
    return backend;
  } catch (cause) {
    loaded.delete(candidate.name);
    if (before) await tf.setBackend(before);
    throw cause;
  }
}

/** The name of the backend in use, or undefined before {@link openBackend}. */
export function backendName(): BackendName | undefined {
  const name = tf.engine().backendName as string | null | undefined;
  if (!name) return undefined;
  return name === "tensorflow" ? "native" : (name as BackendName);
}
