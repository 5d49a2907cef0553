import { listKinds, listLoaded, loadedSchema } from "@kgraft/pipeline";
import { Argument, type Command } from "commander";
import { printJson, type SharedOptions, sharedCommand } from "../shared-options.ts";
import { listing } from "../tables.ts";

interface ListOptions extends SharedOptions {
  readonly config?: string;
  readonly schema?: boolean;
}

/** `kgraft list`: what is loaded. */
export function listCommand(): Command {
  return sharedCommand("list", "what is loaded, from where, with paper and options", "kgraft list fusion")
    .addArgument(new Argument("[kind]", "what to list").choices([...listKinds]))
    .option("--config <file>", "also load the plugins of this config")
    .option("--schema", "print the JSON schema of configs, for editors, instead")
    .action(async (kind: string | undefined, options: ListOptions) => {
      if (options.schema === true) return printJson(await loadedSchema(options.config));
      const loaded = await listLoaded(kind, options.config);
      if (options.json === true) printJson(loaded);
      else process.stdout.write(`${listing(loaded)}\n`);
    });
}
