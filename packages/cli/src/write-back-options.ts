import type { WriteBackRequest, WrittenBack } from "@kgraft/pipeline";
import { type Command, InvalidArgumentError, Option } from "commander";

/** What every command that writes back takes. */
export interface WriteBackOptions {
  readonly writeBack?: boolean;
  readonly dryRun?: boolean;
  readonly run?: string;
}

/** Adds the options of writing back to a command. */
export function withWriteBack(command: Command, what: string): Command {
  const writes = command.option(
    "--write-back",
    `put ${what} into the config's Neo4j, after a dry run that finds what is wrong`,
  );
  return withDryRun(writes, { when: "with --write-back: ", implies: { writeBack: true } });
}

/** Adds the options of a command that does nothing but write back. */
export function withDryRun(
  command: Command,
  { when = "", implies = {} }: { readonly when?: string; readonly implies?: Record<string, unknown> } = {},
): Command {
  return command
    .addOption(new Option("--dry-run", `${when}stop after the dry run`).implies(implies))
    .addOption(
      new Option("--run <id>", `${when}name of the writes. Default: made from what is written`).argParser(runId),
    );
}

function runId(text: string): string {
  if (!/^[\w.-]+$/.test(text)) throw new InvalidArgumentError("Wanted letters, digits, dots, dashes and underscores.");
  return text;
}

/** What is to be written back; undefined: nothing. */
export function writeBackOf({ writeBack, dryRun, run }: WriteBackOptions): WriteBackRequest | undefined {
  return writeBack === true ? { dryRun: dryRun === true, runId: run } : undefined;
}

/** What was written back, and how to take it out again. */
export function writeBackText(
  { runId: run, dryRun, rows, resumedAfter, missing, schema }: WrittenBack,
  what: string,
  config: string,
): string {
  if (dryRun)
    return [`run ${run}: ${rows} ${what} would be written, after:`, ...schema.map((one) => `  ${one}`)].join("\n");
  const before = resumedAfter > 0 ? ` (${resumedAfter} were there from before)` : "";
  const without = missing > 0 ? `, ${missing} of them for entities that it does not have` : "";
  return `run ${run}: ${rows} ${what} written into Neo4j${without}${before}\nout again: kgraft graph clean ${config} --run ${run}`;
}
