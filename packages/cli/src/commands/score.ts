import { scoreFiles } from "@kgraft/pipeline";
import type { Command } from "commander";
import { printJson, type SharedOptions, sharedCommand } from "../shared-options.ts";
import { scoreTable } from "../tables.ts";

interface ScoreOptions extends SharedOptions {
  readonly gold: string;
  readonly predictions: string;
}

/** `kgraft score`: metrics from two files. */
export function scoreCommand(): Command {
  return sharedCommand(
    "score",
    "a task's metrics from two files",
    "kgraft score entity-typing --gold kg-fixtures/typing/gold.jsonl --predictions kg-fixtures/typing/predictions.jsonl",
  )
    .argument("<task>", "entity-typing, entity-linking, relation-classification, …")
    .requiredOption(
      "--gold <file>",
      "JSON Lines of {id, labels}; of text with mentions for entity-linking, {id, spans} for named entities",
    )
    .requiredOption("--predictions <file>", "JSON Lines of the same form, in any order")
    .action(async (task: string, options: ScoreOptions) => {
      const scores = await scoreFiles(task, options.gold, options.predictions);
      if (options.json === true) printJson(scores);
      else process.stdout.write(`${scoreTable(scores)}\n`);
    });
}
