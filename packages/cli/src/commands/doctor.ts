import { buildNativeBackend, examine } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";
import { examination } from "../tables.ts";

interface DoctorOptions extends SharedOptions {
  readonly native?: boolean;
  readonly kind: "cpu" | "cuda";
}

/** `kgraft doctor`: what works on this machine. */
export function doctorCommand(): Command {
  return sharedCommand(
    "doctor",
    "what works on this machine, how fast, and the fix for what is missing",
    "kgraft doctor --native",
  )
    .option(
      "--native",
      "build the native backend (needs python3 with pip and a C++ compiler); kept outside the checkout",
    )
    .addOption(
      new Option("--kind <which>", "which TensorFlow to build against").choices(["cpu", "cuda"]).default("cpu"),
    )
    .action(async (options: DoctorOptions) => {
      const progress = progressOf(options);
      if (options.native === true) await buildNativeBackend(options.kind, progress);
      if (options.native === true && options.quiet === true && options.json !== true) return;
      const found = await examine(progress);
      if (options.json === true) printJson(found);
      else process.stdout.write(`${examination(found)}\n`);
    });
}
