import { inspect, inspectionPage, readModelConfig } from "@kgraft/pipeline";
import { InputError, writeFileAtomic } from "@kgraft/runtime";
import { type Command, Option } from "commander";
import { inspectionText } from "../inspection-text.ts";
import { interruptible } from "../interruption.ts";
import { configOf, printJson, progressOf, type SharedOptions, sharedCommand, wholeNumber } from "../shared-options.ts";

interface InspectOptions extends SharedOptions {
  readonly model?: string;
  readonly config?: string;
  readonly text?: string;
  readonly triple?: readonly string[];
  readonly pair?: string;
  readonly target: readonly string[];
  readonly without?: number;
  readonly html?: string;
}

/** `kgraft inspect`: what is linked, put in and seen. */
export function inspectCommand(): Command {
  return sharedCommand(
    "inspect",
    "what is linked, injected and seen in a text, and what a model makes of it",
    'kgraft inspect --config configs/toy.yaml --set fusion.name=k-bert --text "Aurelia sang in Casta ."',
  )
    .option("--model <folder>", "a model folder that kgraft run wrote; it also predicts")
    .option("--config <file>", "a config, whose strategy is shown before any training")
    .option("--text <text>", "the text to look into")
    .option("--triple <words...>", "or a triple: head, relation and tail in words")
    .option("--pair <text>", "its second text")
    .addOption(
      new Option("--target <words>", "words of the text that are to be judged; twice: head and tail of a relation")
        .argParser((words: string, before: readonly string[]) => [...before, words])
        .default([], "none"),
    )
    .addOption(
      new Option("--without <n>", "with --model: the prediction, too, where the graph lacks triple n").argParser(
        wholeNumber,
      ),
    )
    .option("--html <file>", "writes a page with pictures of the tree and of who sees whom")
    .action(inspectAndPrint);
}

async function inspectAndPrint(options: InspectOptions): Promise<void> {
  const { triple, pair, target: targets, without, model, html } = options;
  const text = textOf(options);
  const config = await chosenConfig(options);
  const { inspected, labels } = await interruptible((signal) =>
    inspect(config, { text, triple, pair, targets, without, model, progress: progressOf(options), signal }),
  );
  if (html !== undefined)
    await writeFileAtomic(html, inspectionPage(inspected, labels, `${config.name}: ${config.arm}`));
  if (options.json === true) printJson(inspected);
  else process.stdout.write(inspectionText(inspected, labels));
}

function textOf({ text, triple }: InspectOptions): string {
  if (text !== undefined && triple === undefined) return text;
  if (triple !== undefined && text === undefined) return triple.join(" ");
  throw new InputError({
    code: "inspect.text",
    at: "inspect",
    problem: text === undefined ? "there is nothing to look into" : "--text and --triple are both given",
    wanted: "Wanted --text TEXT, or --triple HEAD RELATION TAIL",
  });
}

function chosenConfig({ model, config, ...options }: InspectOptions): ReturnType<typeof configOf> {
  if (model !== undefined && config === undefined) return readModelConfig(model, options);
  if (config !== undefined && model === undefined) return configOf(config, options);
  throw new InputError({
    code: "inspect.source",
    at: "inspect",
    problem: model === undefined ? "neither --model nor --config is given" : "--model and --config are both given",
    wanted: "Wanted one of them",
  });
}
