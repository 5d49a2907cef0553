import { compare } from "@kgraft/pipeline";
import { type Command, InvalidArgumentError, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions, wholeNumber } from "../shared-options.ts";
import { comparisonTable } from "../tables.ts";

interface CompareOptions extends SharedOptions {
  readonly strategies: readonly string[];
  readonly seeds: number;
  readonly controls?: boolean;
}

/** `kgraft compare`: one table of strategies and controls. */
export function compareCommand(): Command {
  return graphCommand(
    "compare",
    "one table of strategies and controls, mean and deviation over seeds; finished cells are kept",
    "kgraft compare configs/quickstart.yaml --strategies none,ernie-thu,ernie-thu@random --seeds 1",
  )
    .argument("<config>", "YAML file")
    .addOption(
      new Option("--strategies <arms>", "strategies, stacks (a+b) and controls (a@random), separated by commas")
        .argParser(arms)
        .makeOptionMandatory(),
    )
    .addOption(new Option("--seeds <n>", "how many seeds, counted up from the config's").argParser(seeds).default(1))
    .option(
      "--controls",
      "add the controls of every strategy: @random, @shuffled, @rewired, @empty, as far as they act on it",
    )
    .action(async (path: string, options: CompareOptions) => {
      const config = await configOf(path, options);
      const comparison = await interruptible((signal) =>
        compare(config, {
          arms: options.strategies,
          seeds: options.seeds,
          controls: options.controls === true,
          progress: progressOf(options),
          signal,
        }),
      );
      if (options.json === true) printJson(comparison);
      else process.stdout.write(`${comparisonTable(comparison, process.stdout.isTTY === true)}\n`);
    });
}

function arms(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Wanted names separated by commas, e.g. none,ernie-thu.");
  return names;
}

function seeds(text: string): number {
  const count = wholeNumber(text);
  if (count < 1) throw new InvalidArgumentError("Wanted at least 1.");
  return count;
}
