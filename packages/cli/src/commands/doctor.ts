import { buildNativeBackend, examine } from "@kgraft/pipeline";
import type { Progress } from "@kgraft/runtime";
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
      new Option("--kind <which>", "which TensorFlow to build against; cuda is built, not yet proven on a GPU")
        .choices(["cpu", "cuda"])
        .default("cpu"),
    )
    .action(async (options: DoctorOptions) => {
      const progress = progressOf(options);
      if (options.native === true) await printBuild(options, progress);
      else await printExamination(options, progress);
    });
}

async function printBuild({ kind, json }: DoctorOptions, progress: Progress): Promise<void> {
  const build = await buildNativeBackend(kind, progress);
  if (json === true) return printJson(build);
  process.stdout.write(`native backend: ${build.built ? "built" : "there already"}, in ${build.folder}\n`);
  for (const folder of build.removed) process.stdout.write(`removed an old build: ${folder}\n`);
}

async function printExamination({ json }: DoctorOptions, progress: Progress): Promise<void> {
  const found = await examine(progress);
  if (json === true) printJson(found);
  else process.stdout.write(`${examination(found)}\n`);
}
