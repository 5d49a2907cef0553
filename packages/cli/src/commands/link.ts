import { linkFile } from "@kgraft/pipeline";
import type { Command } from "commander";
import { configOf, printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";

interface LinkOptions extends SharedOptions {
  readonly graph: string;
  readonly input: string;
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
}

export function linkCommand(): Command {
  return sharedCommand(
    "link",
    "entity linking of a corpus, streamed; every line is written, with mentions or without",
    "kgraft link --graph configs/toy.yaml --input kg-fixtures/toy/text.jsonl --output linked.jsonl",
  )
    .requiredOption("--graph <config>", "YAML file with graph: and linker:")
    .requiredOption("--input <file>", "JSON Lines of {id, text}")
    .requiredOption("--output <file>", "the same lines with mentions")
    .option("--offsets <unit>", "what offsets count: codePoints or utf16", "codePoints")
    .action(async (options: LinkOptions) => {
      const config = await configOf(options.graph, options);
      const counts = await linkFile(config, {
        input: options.input,
        output: options.output,
        offsets: options.offsets,
        progress: progressOf(options),
      });
      if (options.json === true) printJson(counts);
      else
        process.stdout.write(
          `${counts.texts} texts, ${counts.mentions} mentions, ${counts.withoutMention} texts without any\n`,
        );
    });
}
