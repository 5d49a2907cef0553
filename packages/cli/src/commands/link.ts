import { linkFile } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions } from "../shared-options.ts";
import { type WriteBackOptions, withWriteBack, writeBackOf, writeBackText } from "../write-back-options.ts";

interface LinkOptions extends SharedOptions, WriteBackOptions {
  readonly graph: string;
  readonly input: string;
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
  readonly documentLabel?: string;
  readonly relationship?: string;
}

/** `kgraft link`: entity linking of a file. */
export function linkCommand(): Command {
  const command = graphCommand(
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
    );
  return withWriteBack(command, "the links, from a document node to each entity,")
    .option("--document-label <name>", "with --write-back: label of the document nodes. Default: KgraftDocument")
    .option("--relationship <type>", "with --write-back: from a document to an entity. Default: MENTIONS")
    .action(linkAndPrint);
}

async function linkAndPrint(options: LinkOptions): Promise<void> {
  const config = await configOf(options.graph, options);
  const { input, output, offsets, documentLabel, relationship } = options;
  const request = writeBackOf(options);
  const writeBack = request && { ...request, documentLabel, relationship };
  const linked = await interruptible((signal) =>
    linkFile(config, { input, output, offsets, writeBack, progress: progressOf(options), signal }),
  );
  if (options.json === true) return printJson(linked);
  const { texts, mentions, withoutMention } = linked;
  const written = linked.writeBack && `${writeBackText(linked.writeBack, "links", options.graph)}\n`;
  process.stdout.write(`${texts} texts, ${mentions} mentions, ${withoutMention} texts without any\n${written ?? ""}`);
}
