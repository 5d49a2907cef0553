import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, loadCheckpoint, saveModel, type WeightToSave } from "@kgraft/encoder";
import type { Conversion, ConversionRequest } from "./conversion.ts";

/**
 * Writes a model in Hugging Face's layout: every weight under its family's own name in one `model.safetensors`, old spellings
 * and shards made new; the strategy's and the head's own tensors, the tokenizer's files and the model card are carried on.
 */
export async function toHuggingFace({ source, to, progress }: ConversionRequest): Promise<Conversion> {
  const checkpoint = await loadCheckpoint(source, { progress, requireTokenizer: false });
  const weights = storedWeights(checkpoint);
  await saveModel(to, {
    config: checkpoint.encoder.config,
    configJson: checkpoint.configJson,
    weights,
    tokenizerFiles: checkpoint.tokenizerFiles,
    fusion: checkpoint.fusion,
    head: checkpoint.head,
    architecture: statedArchitecture(checkpoint),
    card: await modelCardOf(checkpoint),
  });
  const { missing, surplus } = checkpoint;
  return { format: "hf", from: source, weights: weights.length, missing, surplus };
}

/** Every weight of a checkpoint, read when its turn comes. */
export function storedWeights({ weights }: Checkpoint): readonly WeightToSave[] {
  return weights.names.map((name) => ({
    name,
    dtype: "float32",
    shape: weights.shape(name),
    data: () => weights.read(name),
  }));
}

function statedArchitecture({ configJson }: Checkpoint): string | undefined {
  const [stated] = Array.isArray(configJson.architectures) ? configJson.architectures : [];
  return typeof stated === "string" ? stated : undefined;
}

/** The card that came with the model, or one that says where it came from. */
export async function modelCardOf({ origin }: Checkpoint): Promise<string> {
  const card = await readFile(join(origin.folder, "README.md"), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  return (
    card ?? `# ${origin.source}\n\nConverted with kgraft. Its licence is that of the model it was converted from.\n`
  );
}
