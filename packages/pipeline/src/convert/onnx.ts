import { join } from "node:path";
import { type Checkpoint, loadCheckpoint } from "@kgraft/encoder";
import { describeValue, exportOnnx, type OnnxFile } from "@kgraft/onnx";
import { writeFileAtomic, writeLinesAtomic } from "@kgraft/runtime";
import { openBackend, tf, toDevice } from "@kgraft/tensor";
import type { Conversion, ConversionRequest } from "./conversion.ts";
import { modelCardOf } from "./hugging-face.ts";
import { openServedModel, type ServedModel } from "./served-model.ts";
import { servedAxes, TracedInputs } from "./traced-inputs.ts";

/**
 * Writes encoder, strategy and head as one ONNX file with dynamic batch and length; beside it config.json, the tokenizer's
 * files and a card that says what goes in and what comes out.
 */
export async function toOnnx(request: ConversionRequest): Promise<Conversion> {
  const { source, to, progress } = request;
  await openBackend("cpu"); // its ops are compositions of kernels that ONNX has too
  const checkpoint = await loadCheckpoint(source, { progress, requireTokenizer: false });
  const model = await openServedModel(checkpoint, request);
  try {
    const file = await writeOnnx(join(to, "model.onnx"), model);
    const values = { inputs: valueTexts(file.inputs), outputs: valueTexts(file.outputs) };
    await writeCompanions(to, checkpoint, values, model.entities);
    const { missing } = checkpoint;
    const surplus = checkpoint.surplus.filter((name) => !model.weights.has(name));
    return { format: "onnx", from: source, weights: file.weights, missing, surplus, ...values, files: file.files };
  } finally {
    model.weights.dispose();
  }
}

async function writeOnnx(path: string, { weights, checkpoint, ...model }: ServedModel): Promise<OnnxFile> {
  const inputs = new TracedInputs({ weights, checkpoint, ...model });
  const constants = toDevice(inputs.constants);
  try {
    return await exportOnnx(path, {
      name: checkpoint.encoder.config.modelType,
      axes: servedAxes,
      weights: new Map([
        ...weights.names().map((name) => [name, weights.get(name)] as const),
        ...Object.entries(constants),
      ]),
      integerMasks: ["attention_mask"],
      sample: (index) => inputs.sample(index, constants),
    });
  } finally {
    tf.dispose({ ...constants });
  }
}

type ValueTexts = Readonly<Record<string, string>>;

function valueTexts(values: OnnxFile["inputs"]): ValueTexts {
  return Object.fromEntries(values.map((value) => [value.name, describeValue(value)]));
}

async function writeCompanions(
  folder: string,
  checkpoint: Checkpoint,
  { inputs, outputs }: { readonly inputs: ValueTexts; readonly outputs: ValueTexts },
  entities: readonly string[] | undefined,
): Promise<void> {
  const rows = (kind: string, values: ValueTexts) =>
    Object.entries(values).map(([name, text]) => `| ${kind} | \`${name}\` | ${text} |`);
  const lines = ["| | name | type and shape |", "|---|---|---|", ...rows("input", inputs), ...rows("output", outputs)];
  const card = `${(await modelCardOf(checkpoint)).trimEnd()}\n\n## model.onnx\n\n${lines.join("\n")}\n`;
  await writeFileAtomic(join(folder, "README.md"), card);
  await writeFileAtomic(join(folder, "config.json"), `${JSON.stringify(checkpoint.configJson, undefined, 2)}\n`);
  for (const [name, content] of checkpoint.tokenizerFiles) await writeFileAtomic(join(folder, name), content);
  if (entities !== undefined) await writeLinesAtomic(join(folder, "entities.txt"), entities);
}
