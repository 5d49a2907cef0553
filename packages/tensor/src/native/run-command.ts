import { spawn } from "node:child_process";
import { RunError } from "@kgraft/runtime";

/** How a command is run. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of its output. */
  readonly onOutput?: (text: string) => void;
  /** What a person can do where it fails. */
  readonly fix?: string;
}

/**
 * Runs a command without a shell and gives what it printed on its standard output.
 *
 * @throws RunError `tensor.native.command` with the last lines that it printed
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    all += text;
    options.onOutput?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    options.onOutput?.(text);
  });
  const status = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? "" : (signal ?? `exit status ${code}`)));
  });
  if (status === "") return output;
  throw new RunError({
    code: "tensor.native.command",
    at: `\`${shown(command, args)}\``,
    problem: `failed (${status})${tail(all)}`,
    fix: options.fix,
  });
}

/** The command's first words, on one line. */
function shown(command: string, args: readonly string[]): string {
  const line = [command, ...args].join(" ").replace(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 100)} …` : line;
}

function tail(text: string): string {
  const lines = text.trim().split(/\r?\n/).filter(Boolean).slice(-6);
  return lines.length === 0 ? "" : `:\n  ${lines.join("\n  ")}`;
}
