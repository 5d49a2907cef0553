import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import { type HostArray, SafetensorsFile } from "@kgraft/tensor";
import type { ConfigJson } from "../config.ts";

/** What stands beside the encoder in a model folder, in `<part>.safetensors`: a fusion strategy's tensors, a task's head. */
export const modelParts = ["fusion", "head"] as const;
/** One of {@link modelParts}. */
export type ModelPartName = (typeof modelParts)[number];

/** A part: what it was made with, as config.json states it under `kgraft.<part>`, and its tensors. */
export interface ModelPart {
  /** JSON. */
  readonly options: unknown;
  readonly weights: ReadonlyMap<string, HostArray>;
}

/**
 * Reads a part of a folder, or undefined where it has none.
 *
 * @throws InputError `encoder.checkpoint.part` where only one of its two halves is there
 */
export async function readModelPart(
  part: ModelPartName,
  folder: string,
  configJson: ConfigJson,
): Promise<ModelPart | undefined> {
  const options = (configJson.kgraft as Record<string, unknown> | undefined)?.[part];
  const path = join(folder, `${part}.safetensors`);
  const there = existsSync(path);
  if (!there && options === undefined) return undefined;
  if (!there || options === undefined) {
    throw new InputError({
      code: "encoder.checkpoint.part",
      at: there ? join(folder, "config.json") : path,
      problem: there
        ? `says nothing under kgraft.${part}, but ${part}.safetensors is there`
        : `no such file, but config.json speaks of a ${part}`,
      wanted: "Wanted both or neither",
      fix: "Copy the model's whole folder",
    });
  }
  const file = await SafetensorsFile.open(path);
  try {
    const weights = new Map<string, HostArray>();
    for (const name of file.names()) weights.set(name, await file.read(name));
    return { options, weights };
  } finally {
    await file.close();
  }
}
