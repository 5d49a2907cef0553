import { createRequire } from "node:module";
import { Command } from "commander";
import { compareCommand } from "./commands/compare.ts";
import { convertCommand } from "./commands/convert.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { embedCommand } from "./commands/embed.ts";
import { encodeCommand } from "./commands/encode.ts";
import { graphCommands } from "./commands/graph.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { linkCommand } from "./commands/link.ts";
import { listCommand } from "./commands/list.ts";
import { predictCommand } from "./commands/predict.ts";
import { runCommand } from "./commands/run.ts";
import { scoreCommand } from "./commands/score.ts";
import { tokenizerCommand } from "./commands/tokenizer.ts";
import { reportFailure } from "./failure.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

function program(): Command {
  const root = new Command("kgraft")
    .description("Graft a knowledge graph onto a Transformer, and see with numbers which knowledge helps.")
    .version(version)
    .addHelpText("after", "\nExample:\n  kgraft compare configs/quickstart.yaml --strategies none,ernie-thu");
  for (const command of [
    runCommand(),
    compareCommand(),
    scoreCommand(),
    graphCommands(),
    linkCommand(),
    embedCommand(),
    encodeCommand(),
    predictCommand(),
    inspectCommand(),
    convertCommand(),
    tokenizerCommand(),
    listCommand(),
    doctorCommand(),
  ]) {
    root.addCommand(command);
  }
  overrideExits(root);
  return root;
}

/** Lets commander throw instead of ending the process, and name likely commands. */
function overrideExits(command: Command, path = command.name()): void {
  command.exitOverride().showSuggestionAfterError().showHelpAfterError(`Run "${path} --help" for what it takes.`);
  for (const child of command.commands) overrideExits(child, `${path} ${child.name()}`);
}

/** Runs the command line; returns the exit code: 0 done, 1 the run failed, 2 bad usage, config or input, 130 or 143 a signal. */
export async function main(args: readonly string[]): Promise<number> {
  process.on("uncaughtException", (error) => process.exit(reportFailure(error)));
  try {
    await program().parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return reportFailure(error);
  }
}
