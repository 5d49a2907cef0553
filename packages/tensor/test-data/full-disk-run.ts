import { messageOf } from "@kgraft/runtime";
import { openBackend, train } from "../src/index.ts";
import { resumableRun } from "./sine-run.ts";

/** Runs the resumable run in this process and prints how it ended. */
export async function main([backend, folder]: readonly string[]): Promise<void> {
  await openBackend(backend as string);
  const ended = await train(resumableRun(folder as string)).then(
    ({ steps }) => `${steps} steps`,
    (error: unknown) => `${(error as Error).name} ${messageOf(error)}`,
  );
  process.stdout.write(`${ended}\n`);
}
