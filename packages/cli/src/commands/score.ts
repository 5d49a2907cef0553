import { scoreFiles } from "@kgraft/pipeline";
import { Command, Option } from "commander";
import { printJson } from "../shared-options.ts";
import { scoreTable } from "../tables.ts";

interface ScoreOptions {
  readonly gold: string;
  readonly predictions: string;
  readonly json?: boolean;
}

export function scoreCommand(): Command {
  return new Command("score")
    .description("a task's metrics from two files")
    .argument("<task>", "entity-typing")
    .addOption(new Option("--gold <file>", "JSON Lines of {id, labels}").makeOptionMandatory())
    .addOption(new Option("--predictions <file>", "JSON Lines of {id, labels}").makeOptionMandatory())
    .option("--json", "one JSON document on stdout")
    .addHelpText(
      "after",
      "\nExample:\n  kgraft score entity-typing --gold kg-fixtures/typing/gold.jsonl --predictions kg-fixtures/typing/predictions.jsonl",
    )
    .action(async (task: string, options: ScoreOptions) => {
      const scores = await scoreFiles(task, options.gold, options.predictions);
      if (options.json === true) printJson(scores);
      else process.stdout.write(`${scoreTable(scores)}\n`);
    });
}
