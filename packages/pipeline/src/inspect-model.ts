import { InputError } from "@kgraft/runtime";
import { type Prediction, predictExamples, type Task } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import type { SharedWork } from "./composition.ts";
import { withoutTriple } from "./graphs/without-triple.ts";
import { type InspectedText, view } from "./inspected-text.ts";
import { type OpenModel, openModelFolder } from "./model-folder.ts";

/** What a saved model is shown. */
interface ModelRequest {
  readonly example: TextExample;
  readonly without?: number | undefined;
}

/** Shows what a saved model reads of an example and, where it has a task's head, what it predicts. */
export async function inspectModel(
  folder: string,
  shared: SharedWork,
  { example, without }: ModelRequest,
): Promise<InspectedText> {
  const opened = await openModelFolder(folder, shared);
  try {
    const task = taskOf(opened, example, shared);
    const { checkpoint, model } = opened;
    const { tokenizer, encoder } = checkpoint;
    const maxLength = task?.training.maxLength;
    const reader = { fusion: model.fusion, tokenizer, encoder: encoder.config, maxLength };
    const seen = await view(task?.splits.test[0] ?? example, reader);
    if (without === undefined) return { ...seen, prediction: task && (await predict(opened, task)) };
    return {
      ...seen,
      prediction: await predict(opened, needed(task)),
      without: { triple: without, prediction: await predictWithout(folder, shared, { example, without, seen }) },
    };
  } finally {
    opened.parameters.dispose();
  }
}

/** The task over the example; without its target, an example is looked at and nothing predicted. */
function taskOf(opened: OpenModel, example: TextExample, { progress }: SharedWork): Task | undefined {
  try {
    return opened.taskOf([example]);
  } catch (error) {
    if (!(error instanceof InputError && error.code.startsWith("tasks.examples."))) throw error;
    progress.note(`nothing is predicted: ${error.message} Give it with --target`);
    return undefined;
  }
}

function needed(task: Task | undefined): Task {
  if (task !== undefined) return task;
  throw new InputError({
    code: "inspect.without",
    at: "--without",
    problem: "the model predicts nothing for this text",
    wanted: "Wanted a model with a task's head, and --target where the task judges a span",
  });
}

async function predict(opened: OpenModel, task: Task): Promise<Omit<Prediction, "id">> {
  const { tokenizer } = opened.checkpoint;
  const [prediction] = await predictExamples(task.splits.test, { ...opened, task, tokenizer });
  const { id: _, ...said } = prediction as Prediction;
  return said;
}

async function predictWithout(
  folder: string,
  shared: SharedWork,
  { example, without, seen: { triples } }: ModelRequest & { readonly without: number; readonly seen: InspectedText },
): Promise<Omit<Prediction, "id">> {
  const triple = triples[without];
  if (triple === undefined)
    throw new InputError({
      code: "inspect.without",
      at: "--without",
      problem: `no triple ${without}: ${triples.length} are put into the text`,
      wanted: triples.length === 0 ? "Wanted a strategy that puts triples in" : `Wanted 0 to ${triples.length - 1}`,
    });
  const opened = await openModelFolder(folder, shared, (graph) => withoutTriple(graph, triple));
  try {
    return await predict(opened, needed(opened.taskOf([example])));
  } finally {
    opened.parameters.dispose();
  }
}
