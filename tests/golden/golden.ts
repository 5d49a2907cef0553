import { fileURLToPath } from "node:url";
import { type HostArray, SafetensorsFile } from "@kgraft/tensor";

/** Families that `make_goldens.py` makes a tiny model of. */
export const goldenFamilies = ["bert", "roberta", "xlm-roberta", "distilbert", "albert", "electra"] as const;

/** The folder of a golden model. */
export function goldenFolder(family: string): string {
  return fileURLToPath(new URL(family, import.meta.url));
}

/** Inputs and outputs of one case, by the names that `make_goldens.py` gives them. */
export type GoldenCase = ReadonlyMap<string, HostArray>;

/** Reads what `transformers` computed for a golden model, by case. */
export function readGolden(family: string): Promise<ReadonlyMap<string, GoldenCase>> {
  return readCases(`${goldenFolder(family)}/expected.safetensors`);
}

/** Reads a file whose arrays are called `<case>/<name>`, by case. */
export async function readCases(path: string): Promise<ReadonlyMap<string, GoldenCase>> {
  const cases = new Map<string, Map<string, HostArray>>();
  for (const [name, array] of await readArrays(path)) {
    const [kind] = name.split("/") as [string];
    cases.set(kind, (cases.get(kind) ?? new Map()).set(name.slice(kind.length + 1), array));
  }
  return cases;
}

/** Reads every tensor of a safetensors file. */
export async function readArrays(path: string): Promise<Map<string, HostArray>> {
  const file = await SafetensorsFile.open(path);
  try {
    const arrays = new Map<string, HostArray>();
    for (const name of file.names()) arrays.set(name, await file.read(name));
    return arrays;
  } finally {
    await file.close();
  }
}

/** Gets an array that must be there. */
export function arrayOf(golden: GoldenCase, name: string): HostArray {
  const array = golden.get(name);
  if (array === undefined) throw new Error(`the golden case has no "${name}"; it has ${[...golden.keys()].join(", ")}`);
  return array;
}

/**
 * Says where numbers first leave what was expected, or undefined where all are within tolerance.
 *
 * @param tolerance both absolute and relative to the largest expected number
 */
export function divergence(
  label: string,
  found: ArrayLike<number>,
  expected: HostArray,
  tolerance: number,
): string | undefined {
  const { data, shape } = expected;
  if (found.length !== data.length) return `${label}: ${found.length} numbers, expected ${data.length} [${shape}]`;
  let [worst, at, largest] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const difference = Math.abs((found[i] as number) - (data[i] as number));
    if (!(difference <= worst)) [worst, at] = [difference, i];
    largest = Math.max(largest, Math.abs(data[i] as number));
  }
  if (worst <= tolerance * (1 + largest)) return undefined;
  return `${label}: differs by ${worst} at ${at} of [${shape}]: ${found[at]}, expected ${data[at]}`;
}
