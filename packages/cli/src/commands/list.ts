import { listKinds, listLoaded } from "@kgraft/pipeline";
import { Argument, type Command } from "commander";
import { printJson, type SharedOptions, sharedCommand } from "../shared-options.ts";
import { listing } from "../tables.ts";

export function listCommand(): Command {
  return sharedCommand("list", "what is loaded, from where, with paper and options", "kgraft list fusion")
    .addArgument(new Argument("[kind]", "what to list").choices([...listKinds]))
    .option("--config <file>", "also load the plugins of this config")
    .action(async (kind: string | undefined, options: SharedOptions & { readonly config?: string }) => {
      const loaded = await listLoaded(kind, options.config);
      if (options.json === true) printJson(loaded);
      else process.stdout.write(`${listing(loaded)}\n`);
    });
}
