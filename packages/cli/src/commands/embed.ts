import { embed } from "@kgraft/pipeline";
import type { Command } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions } from "../shared-options.ts";
import { scoreTable } from "../tables.ts";

/** `kgraft embed`: KG embeddings. */
export function embedCommand(): Command {
  return graphCommand("embed", "train KG embeddings, evaluate them, write them", "kgraft embed configs/toy.yaml")
    .argument("<config>", "YAML file with graph: and embedding:")
    .option("--output <folder>", "where to copy them, instead of the run's folder")
    .action(async (path: string, options: SharedOptions & { readonly output?: string }) => {
      const config = await configOf(path, options);
      const result = await interruptible((signal) =>
        embed(config, { output: options.output, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(result);
      else process.stdout.write(`${scoreTable(result.metrics)}\n${result.folder}\n`);
    });
}
