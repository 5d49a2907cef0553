import { linkFile } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions } from "../shared-options.ts";

interface LinkOptions extends SharedOptions {
  readonly graph: string;
  readonly input: string;
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
}

/** `kgraft link`: entity linking of a file. */
export function linkCommand(): Command {
  return graphCommand(
    "link",
    "entity linking of a corpus, streamed; every line is written, with mentions or without",
    "kgraft link --graph configs/toy.yaml --input kg-fixtures/typing/text.jsonl --output linked.jsonl",
  )
    .requiredOption("--graph <config>", "YAML file with graph: and linker:")
    .requiredOption("--input <file>", "JSON Lines of {id, text}")
    .requiredOption("--output <file>", "the same lines with mentions")
    .addOption(
      new Option("--offsets <unit>", "what start and end count in the input: Unicode code points or UTF-16 units")
        .choices(["codePoints", "utf16"])
        .default("codePoints"),
    )
    .action(async (options: LinkOptions) => {
      const config = await configOf(options.graph, options);
      const { input, output, offsets } = options;
      const counts = await interruptible((signal) =>
        linkFile(config, { input, output, offsets, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(counts);
      else
        process.stdout.write(
          `${counts.texts} texts, ${counts.mentions} mentions, ${counts.withoutMention} texts without any\n`,
        );
    });
}
