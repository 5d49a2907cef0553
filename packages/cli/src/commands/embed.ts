import { embed } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions } from "../shared-options.ts";
import { scoreTable } from "../tables.ts";
import { type WriteBackOptions, withWriteBack, writeBackOf, writeBackText } from "../write-back-options.ts";

interface EmbedOptions extends SharedOptions, WriteBackOptions {
  readonly output?: string;
  readonly property?: string;
  readonly similarity?: "cosine" | "euclidean";
}

/** `kgraft embed`: KG embeddings. */
export function embedCommand(): Command {
  const command = graphCommand(
    "embed",
    "train KG embeddings, evaluate them, write them",
    "kgraft embed configs/toy.yaml",
  )
    .argument("<config>", "YAML file with graph: and embedding:")
    .option("--output <folder>", "where to copy them, instead of the run's folder");
  return withWriteBack(command, "the entity vectors, under a vector index,")
    .option("--property <name>", "with --write-back: node property of the vectors. Default: kgraftVector")
    .addOption(
      new Option("--similarity <name>", "with --write-back: of the vector index. Default: cosine").choices([
        "cosine",
        "euclidean",
      ]),
    )
    .action(async (path: string, options: EmbedOptions) => {
      const config = await configOf(path, options);
      const { output, property, similarity } = options;
      const request = writeBackOf(options);
      const writeBack = request && { ...request, property, similarity };
      const result = await interruptible((signal) =>
        embed(config, { output, writeBack, progress: progressOf(options), signal }),
      );
      if (options.json === true) return printJson(result);
      const written = result.writeBack && `${writeBackText(result.writeBack, "vectors", path)}\n`;
      process.stdout.write(`${scoreTable(result.metrics)}\n${result.folder}\n${written ?? ""}`);
    });
}
