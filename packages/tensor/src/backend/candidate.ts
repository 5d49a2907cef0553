/** The backends, best first. */
export const BACKEND_NAMES = ["native", "webgpu", "wasm", "cpu"] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

/** What a loaded backend says of itself. */
export interface LoadedBackend {
  /** What TensorFlow.js calls it. */
  readonly engineName: "tensorflow" | "webgpu" | "wasm" | "cpu";
  /** One line for people, e.g. `TensorFlow 2.21.0 (CPU)`. */
  readonly description: string;
  /** Threads that one op may use. */
  readonly threads: number;
}

/** A backend that can be tried. */
export interface BackendCandidate {
  readonly name: BackendName;
  /** One sentence for `kgraft list backends`. */
  readonly summary: string;
  /** Loads and registers it. @throws Error whose message says why it cannot be used */
  load(): Promise<LoadedBackend>;
}
