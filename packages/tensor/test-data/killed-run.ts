import { setTimeout } from "node:timers/promises";
import { type BatchSource, openBackend, train } from "../src/index.ts";
import { resumableRun, sineData } from "./sine-run.ts";

/** Slow enough that a kill finds the run at work. */
const slowData: BatchSource = {
  ...sineData,
  batch: (epoch, index) => setTimeout(10).then(() => sineData.batch(epoch, index)),
};

/** Runs the resumable run in this process, one line a step; whoever started it may kill it at any line. */
export async function main([backend, folder]: readonly string[]): Promise<void> {
  await openBackend(backend as string);
  const onStep = ({ step }: { step: number }): void => void process.stdout.write(`step ${step}\n`);
  await train(resumableRun(folder as string, { data: slowData, onStep }));
}
