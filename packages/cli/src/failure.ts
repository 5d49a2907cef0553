import { KgraftError, messageOf } from "@kgraft/runtime";
import { CommanderError } from "commander";
import colours from "picocolors";

/**
 * Says on stderr what went wrong and gives the exit code: 1 the run failed, 2 bad usage, config or input.
 *
 * @param hide values of environment variables that must not be shown
 */
export function reportFailure(
  error: unknown,
  hide: readonly string[] = [],
  stream: NodeJS.WriteStream = process.stderr,
): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof KgraftError;
  const text = known ? error.message : `unexpected error: ${messageOf(error)}`;
  stream.write(`${stream.isTTY ? colours.red("error") : "error"} ${redact(text, hide)}\n`);
  if (!known) stream.write("This is a fault of kgraft. With KGRAFT_DEBUG=1 it prints where it happened.\n");
  if (process.env.KGRAFT_DEBUG === "1" && error instanceof Error) stream.write(`${redact(error.stack ?? "", hide)}\n`);
  return known ? error.exitCode : 1;
}

/** Puts *** in place of secrets. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
}
