import { join, resolve } from "node:path";
import { type Progress, writeFileAtomic, writeFolderAtomic } from "@kgraft/runtime";
import { loadedRegistry } from "../list-definitions.ts";
import type { Conversion, ConversionRequest } from "./conversion.ts";
import { checkDestination, conversionFile } from "./destination.ts";
import { toHuggingFace } from "./hugging-face.ts";
import { fromOfficial } from "./official/from-official.ts";
import { toOnnx } from "./onnx.ts";

const conversions: Readonly<Record<string, (request: ConversionRequest) => Promise<Conversion>>> = {
  hf: toHuggingFace,
  onnx: toOnnx,
  official: fromOfficial,
};

/** Formats that {@link convert} writes or reads. */
export const conversionFormats: readonly string[] = Object.keys(conversions);

/** What {@link convert} takes. */
export interface ConvertOptions {
  /** A model folder, or `file:`, `hf:`, `pypi:`. */
  readonly from: string;
  readonly to: string;
  /** One of {@link conversionFormats}. */
  readonly format: string;
  /** A folder of entity vectors that become part of an ONNX file. */
  readonly vectors?: string | undefined;
  /** A config whose plugins are loaded too. */
  readonly config?: string | undefined;
  readonly progress: Progress;
}

/**
 * Converts a model into a folder of another layout, whole or not at all.
 *
 * @throws InputError `convert.destination` where the folder holds something else, and what is wrong with the model; RunError `runtime.write`
 */
export async function convert({ from, to, format, vectors, config, progress }: ConvertOptions): Promise<Conversion> {
  const isSource = /^(pypi|hf|file):/.test(from);
  const path = from.replace(/^file:/, "");
  checkDestination(to, path);
  const source = isSource ? from : `file:${from}`;
  const registry = await loadedRegistry(config);
  const work = conversions[format] as (request: ConversionRequest) => Promise<Conversion>;
  let conversion: Conversion | undefined;
  await writeFolderAtomic(resolve(to), async (temporary) => {
    conversion = await work({ source, to: temporary, registry, vectors, progress });
    await writeFileAtomic(join(temporary, conversionFile), `${JSON.stringify(conversion, undefined, 2)}\n`);
  });
  return conversion as Conversion;
}
