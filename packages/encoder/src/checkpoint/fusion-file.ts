import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import { type HostArray, SafetensorsFile } from "@kgraft/tensor";
import type { ConfigJson } from "../config.ts";

/** What a fusion strategy keeps beside the encoder: its options, as config.json states them under `kgraft.fusion`, and its tensors. */
export interface FusionFile {
  readonly options: unknown;
  readonly weights: ReadonlyMap<string, HostArray>;
}

/**
 * Reads a folder's fusion part, or undefined where it has none.
 *
 * @throws InputError `encoder.checkpoint.fusion` where only one of its two halves is there
 */
export async function openFusion(folder: string, configJson: ConfigJson): Promise<FusionFile | undefined> {
  const options = (configJson.kgraft as { fusion?: unknown } | undefined)?.fusion;
  const path = join(folder, "fusion.safetensors");
  const there = existsSync(path);
  if (!there && options === undefined) return undefined;
  if (!there || options === undefined) {
    throw new InputError({
      code: "encoder.checkpoint.fusion",
      at: there ? join(folder, "config.json") : path,
      problem: there
        ? "says nothing under kgraft.fusion, but fusion.safetensors is there"
        : "no such file, but config.json speaks of a fusion",
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
