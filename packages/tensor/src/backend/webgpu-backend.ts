import { messageOf } from "@kgraft/runtime";
import type { BackendCandidate } from "./candidate.ts";

interface Dawn {
  readonly globals: Record<string, unknown>;
  create(options: string[]): { requestAdapter(): Promise<{ info?: { description?: string } } | null> };
}

/** WebGPU through Dawn, where the two optional packages are installed and a graphics driver is there. */
export const webgpuBackend: BackendCandidate = {
  name: "webgpu",
  summary: "A GPU through WebGPU (Dawn); needs the packages webgpu and @tensorflow/tfjs-backend-webgpu.",
  load: async () => {
    const dawn = await optional<Dawn>("webgpu");
    const gpu = dawn.create([]);
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error("no graphics adapter found (no Vulkan, Metal or Direct3D 12 driver)");
    Object.assign(globalThis, dawn.globals);
    const scope = globalThis as { navigator?: object };
    // Node has a navigator from version 21 on.
    if (scope.navigator === undefined) Object.defineProperty(scope, "navigator", { value: {}, configurable: true });
    Object.defineProperty(scope.navigator, "gpu", { value: gpu, configurable: true });
    await optional("@tensorflow/tfjs-backend-webgpu");
    return { engineName: "webgpu", description: adapter.info?.description || "WebGPU", threads: 1 };
  },
};

async function optional<Module>(name: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new Error(
      code === "ERR_MODULE_NOT_FOUND"
        ? `the package ${name} is not installed`
        : `the package ${name} does not load: ${messageOf(cause)}`,
      { cause },
    );
  }
}
