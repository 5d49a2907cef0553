import { InputError, type Progress, writeLinesAtomic } from "@kgraft/runtime";
import { predictExamples, predictionLine, type Task } from "@kgraft/tasks";
import { readExamples, type TextExample } from "@kgraft/text";
import { type SharedWork, withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { type OpenModel, openModelFolder } from "./model-folder.ts";
import { controlledExamples } from "./stages/build-model.ts";
import { withMentions } from "./stages/link-text.ts";
import { untilStopped } from "./stopped.ts";

/** What {@link predictFile} reads, runs and writes. */
export interface PredictFileOptions {
  /** A model folder that a run wrote. */
  readonly model: string;
  /** JSON Lines of `{id, text, target?, targets?, mentions?}`; labels are not read. */
  readonly input: string;
  /** JSON Lines of `{id, labels, scores?, spans?}`, one for each input line, in its order. */
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What was predicted. */
export interface PredictionCounts {
  readonly examples: number;
  /** Of them, those for which nothing is said: no label is likely enough, or the target was cut off. */
  readonly withoutLabel: number;
}

/** Examples that are prepared and predicted together. */
const chunkSize = 1024;

/**
 * Predicts for the examples of a file with a fine-tuned model, streamed. A text without mentions is linked where the model's
 * config has a linker.
 *
 * @param config the model's own, see `readModelConfig`
 * @throws InputError `predict.head` where the model was not fine-tuned; for a line that does not fit the task
 */
export function predictFile(config: RunConfig, options: PredictFileOptions): Promise<PredictionCounts> {
  const { model, output, progress, signal } = options;
  return withSharedWork(config, { progress, signal }, async (shared) => {
    const opened = await openModelFolder(model, shared);
    try {
      const counts = { examples: 0, withoutLabel: 0 };
      await writeLinesAtomic(output, predictionLines(opened, shared, options, counts));
      return counts;
    } finally {
      opened.parameters.dispose();
    }
  });
}

async function* predictionLines(
  opened: OpenModel,
  shared: SharedWork,
  { model, input, offsets }: PredictFileOptions,
  counts: { examples: number; withoutLabel: number },
): AsyncGenerator<string> {
  const bar = shared.progress.bar("Predicting", 0);
  for await (const chunk of chunksOf(untilStopped(readExamples(input, { offsets }), shared.signal))) {
    const examples = controlledExamples(opened.arm, await linked(chunk, shared));
    const task = taskOver(opened, examples, model);
    const predictions = await predictExamples(task.splits.test, {
      ...opened,
      task,
      tokenizer: opened.checkpoint.tokenizer,
    });
    for (const prediction of predictions) {
      counts.examples++;
      if (prediction.labels.length === 0) counts.withoutLabel++;
      yield predictionLine(prediction);
    }
    bar.update(counts.examples);
  }
  bar.end();
}

async function* chunksOf(examples: AsyncIterable<TextExample>): AsyncGenerator<readonly TextExample[]> {
  let chunk: TextExample[] = [];
  for await (const { labels: _, spans: __, ...example } of examples) {
    chunk.push(example);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function linked(examples: readonly TextExample[], shared: SharedWork): Promise<readonly TextExample[]> {
  if (shared.config.linker === undefined) return examples;
  const linker = await shared.linker();
  return Promise.all(examples.map((example) => withMentions(example, linker)));
}

function taskOver(opened: OpenModel, examples: readonly TextExample[], model: string): Task {
  const task = opened.taskOf(examples);
  if (task !== undefined) return task;
  throw new InputError({
    code: "predict.head",
    at: model,
    problem: "the model has no task's head",
    wanted: "Wanted a model that was fine-tuned",
    fix: "kgraft encode gives the hidden states of a model without head",
  });
}
