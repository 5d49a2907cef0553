import { run } from "@kgraft/pipeline";
import type { Command } from "commander";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions } from "../shared-options.ts";
import { runTable } from "../tables.ts";

/** `kgraft run`: all stages of a config. */
export function runCommand(): Command {
  return graphCommand(
    "run",
    "all stages that a config names, for one strategy and one seed",
    "kgraft run configs/quickstart.yaml --resume",
  )
    .argument("<config>", "YAML file")
    .option("--resume", "go on where a run was broken off; with nothing there, start afresh")
    .action(async (path: string, options: SharedOptions & { readonly resume?: boolean }) => {
      const config = await configOf(path, options);
      const outcome = await interruptible((signal) =>
        run(config, { resume: options.resume === true, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(outcome.metrics);
      else process.stdout.write(`${runTable(outcome)}\n`);
    });
}
