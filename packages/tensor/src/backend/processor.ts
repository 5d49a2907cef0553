import { readFile } from "node:fs/promises";

const EXTENSIONS = ["avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "sve"];

/** Vector and matrix extensions of the processor that TensorFlow makes use of; empty where the system does not tell. */
export async function processorExtensions(): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const text = await readFile("/proc/cpuinfo", "utf8");
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/));
  return EXTENSIONS.filter((extension) => flags.has(extension));
}
