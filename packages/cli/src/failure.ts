import { KgraftError, messageOf } from "@kgraft/runtime";
import { CommanderError } from "commander";
import colours from "picocolors";
import { Interrupted } from "./interruption.ts";

/** Says on stderr what went wrong and gives the exit code: 1 the run failed, 2 bad usage, config or input. */
export function reportFailure(error: unknown, stream: NodeJS.WriteStream = process.stderr): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    stream.write(`${error.message}\n`);
    return error.exitCode;
  }
  const known = error instanceof KgraftError;
  const text = known ? error.message : `unexpected error: ${messageOf(error)}`;
  stream.write(`${stream.isTTY ? colours.red("error") : "error"} ${text}\n`);
  if (!known) stream.write("This is a fault of kgraft. With KGRAFT_DEBUG=1 it prints where it happened.\n");
  if (process.env.KGRAFT_DEBUG === "1" && error instanceof Error) stream.write(`${error.stack}\n`);
  return known ? error.exitCode : 1;
}
