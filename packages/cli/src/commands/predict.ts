import { predictFile, readModelConfig } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";

interface PredictOptions extends SharedOptions {
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
}

/** `kgraft predict`: what a fine-tuned model says of texts. */
export function predictCommand(): Command {
  return sharedCommand(
    "predict",
    "a fine-tuned model's predictions with scores",
    "kgraft predict --model runs/toy/seed-13/model --input kg-fixtures/typing/test.jsonl --output predictions.jsonl",
  )
    .requiredOption("--model <folder>", "a model folder that kgraft run wrote")
    .requiredOption("--input <file>", "JSON Lines of {id, text, target?, targets?, mentions?}; labels are not read")
    .requiredOption("--output <file>", "JSON Lines of {id, labels, scores}")
    .addOption(
      new Option("--offsets <unit>", "what offsets in the input count")
        .choices(["codePoints", "utf16"])
        .default("codePoints"),
    )
    .action(async (options: PredictOptions) => {
      const config = await readModelConfig(options.model, options);
      const counts = await interruptible((signal) =>
        predictFile(config, { ...options, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(counts);
      else process.stdout.write(`${counts.examples} examples, ${counts.withoutLabel} without a label\n`);
    });
}
