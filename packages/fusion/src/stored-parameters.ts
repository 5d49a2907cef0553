import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import { type Parameters, SafetensorsFile } from "@kgraft/tensor";
import type { Fusion, StoredParameters } from "./contract.ts";

/** Files that a folder may hold them in: a model folder's, or that of one part alone. */
const fileNames = ["fusion.safetensors", "part.safetensors", "model.safetensors"] as const;

/**
 * Gives parameters the values of the files that a strategy starts from.
 *
 * @throws InputError `fusion.stored` where there is no such file, or naming every parameter that it lacks or has in another shape
 */
export async function loadStoredParameters({ stored = [] }: Fusion, parameters: Parameters): Promise<void> {
  for (const one of stored) await loadFolder(one, parameters);
}

async function loadFolder({ folder, names }: StoredParameters, parameters: Parameters): Promise<void> {
  const path = fileNames.map((name) => join(folder, name)).find(existsSync);
  if (path === undefined) throw misfit(folder, "holds no parameters", `Wanted one of ${fileNames.join(", ")}`);
  const file = await SafetensorsFile.open(path);
  try {
    const found = Object.entries(names).map(([ours, theirs]) => ({
      ours,
      theirs: theirs.find((name) => file.has(name)),
    }));
    const problems = found.flatMap(({ ours, theirs }) => problemOf(file, ours, theirs, parameters));
    if (problems.length > 0) throw misfit(path, problems.join("; "), "Wanted what the strategy's options declare");
    for (const { ours, theirs } of found) parameters.assign(ours, await file.readFloats(theirs as string));
  } finally {
    await file.close();
  }
}

function problemOf(
  file: SafetensorsFile,
  ours: string,
  theirs: string | undefined,
  parameters: Parameters,
): readonly string[] {
  const wanted = parameters.spec(ours).shape.join(", ");
  if (theirs === undefined) return [`lacks ${ours} [${wanted}]`];
  const shape = file.info(theirs).shape.join(", ");
  return shape === wanted ? [] : [`${theirs} is [${shape}], wanted [${wanted}]`];
}

function misfit(at: string, problem: string, wanted: string): InputError {
  return new InputError({
    code: "fusion.stored",
    at,
    problem,
    wanted,
    fix: "Compare from: and the sizes of the options with those that the folder was made with",
  });
}
