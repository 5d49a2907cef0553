/**
 * One arm of the training-step benchmark, in a process of its own: a BERT with this package's ops and optimiser. Prints a
 * line when it is ready, then one for every line that it is given: `step` makes a step, `train N` a run of N steps.
 */
import { createInterface } from "node:readline";
import { silent, streams } from "@kgraft/runtime";
import { gradients, Optimiser, openBackend, type Parameters, tf, toDevice, train } from "@kgraft/tensor";
import { hostBatch, OPTIMISER } from "./bert-data.ts";
import { firstWeights, losses } from "./bert-model.ts";

/** Forward, backward and update; gives the loss before it and how long the update took. */
async function step(parameters: Parameters, optimiser: Optimiser, batch: tf.NamedTensorMap, count: number) {
  const scalars = optimiser.scalars(count, 1);
  const { gradients: slopes, losses: found } = gradients(losses, parameters, batch, { training: true });
  const { sum, weight } = found.mlm as (typeof found)[string];
  // Reading waits for what was asked for before: ops run in order.
  const loss = (await tf.div(sum, weight).data())[0];
  const before = performance.now();
  optimiser.apply(slopes, scalars);
  await parameters.get("type").data();
  const optimiserSeconds = (performance.now() - before) / 1000;
  tf.dispose([{ ...scalars }, { ...slopes }, sum, weight]);
  return { loss, optimiserSeconds };
}

/** A run of the trainer: its seconds, and those of them that its steps took. */
async function run(parameters: Parameters, steps: number): Promise<{ seconds: number; stepSeconds: number }> {
  let stepSeconds = 0;
  const batch = { arrays: hostBatch(), tokens: 16 * 128 };
  const start = performance.now();
  await train({
    parameters,
    losses,
    data: { batchesInEpoch: () => steps, batch: () => batch },
    length: { steps },
    optimiser: { name: "adamw", ...OPTIMISER },
    schedule: { name: "linear", warmup: 0.1 },
    streams: streams(1),
    label: "benchmark",
    progress: silent,
    onStep: ({ seconds }) => {
      stepSeconds += seconds;
    },
  });
  return { seconds: (performance.now() - start) / 1000, stepSeconds };
}

export async function main([backendName = "native"]: readonly string[]): Promise<void> {
  const [asked, short] = backendName.split("-") as [string, string | undefined];
  const precision = short === undefined ? {} : { matmul: "bfloat16" as const };
  const { name, description, threads } = await openBackend(asked, precision);
  const parameters = firstWeights();
  const optimiser = new Optimiser({ name: "adamw", ...OPTIMISER }, parameters);
  const batch = toDevice(hostBatch()) as tf.NamedTensorMap;
  console.log(JSON.stringify({ ready: `${name}: ${description}, ${name === "native" ? threads : 1} threads` }));
  let count = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, steps] = line.split(" ");
    const start = performance.now();
    const made =
      command === "train" ? await run(parameters, Number(steps)) : await step(parameters, optimiser, batch, ++count);
    const seconds = (performance.now() - start) / 1000;
    console.log(JSON.stringify({ seconds, ...made, peakMiB: process.resourceUsage().maxRSS / 1024 }));
  }
}
