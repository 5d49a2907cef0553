import { type ConfigOverrides, type RunConfig, readConfig } from "@kgraft/pipeline";
import { type Progress, silent } from "@kgraft/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { terminalProgress } from "./terminal-progress.ts";

/** What every command takes. */
export interface SharedOptions {
  readonly set: readonly string[];
  readonly seed?: number;
  readonly backend?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly refresh?: boolean;
}

/** A command with the options that all share, and an example that works as printed. */
export function sharedCommand(name: string, summary: string, example: string): Command {
  return new Command(name)
    .description(summary)
    .addOption(
      new Option("--set <path=value>", "override a value of the config; may be repeated")
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--seed <n>", "the seed of every random choice").argParser(wholeNumber))
    .addOption(
      new Option("--backend <name>", "where tensors are computed").choices(["auto", "native", "webgpu", "wasm", "cpu"]),
    )
    .option("--json", "one JSON document on stdout, everything else on stderr")
    .option("--quiet", "no progress and no remarks")
    .addHelpText("after", `\nExample:\n  ${example}`);
}

/** A {@link sharedCommand} that opens a graph. */
export function graphCommand(name: string, summary: string, example: string): Command {
  return sharedCommand(name, summary, example).option(
    "--refresh",
    "read a graph that is kept in a database again, although there is a snapshot of it",
  );
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Parses 0, 1, 2, … */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError("Wanted a whole number from 0 up.");
  return Number(text);
}

/** A whole number from 1 on. */
export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("Wanted a whole number from 1 up.");
  return value;
}

/** Shows work on stderr, unless `--quiet`. */
export function progressOf({ quiet }: SharedOptions): Progress {
  return quiet === true ? silent : terminalProgress();
}

/** Reads the config that a command names, with what the command line says over it. */
export function configOf(path: string, { set, seed, backend, refresh }: SharedOptions): Promise<RunConfig> {
  const overrides: ConfigOverrides = { set, seed, backend, refresh };
  return readConfig(path, overrides);
}

/** Writes the one JSON document of `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
