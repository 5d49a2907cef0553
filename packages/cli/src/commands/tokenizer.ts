import { trainTokenizer } from "@kgraft/pipeline";
import { type Command, Option } from "commander";
import { interruptible } from "../interruption.ts";
import { positiveNumber, printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";

interface TokenizerOptions extends SharedOptions {
  readonly input: readonly string[];
  readonly output: string;
  readonly size: number;
  readonly alphabet: number;
  readonly cased?: boolean;
}

/** `kgraft tokenizer`: a vocabulary of one's own. */
export function tokenizerCommand(): Command {
  return sharedCommand(
    "tokenizer",
    "trains a WordPiece vocabulary on text, for an encoder that starts at random",
    "kgraft tokenizer --input kg-fixtures/typing/text.jsonl --output tokenizer.json --size 300",
  )
    .requiredOption("--input <files...>", "plain text, or JSON Lines with text; also .gz")
    .requiredOption("--output <file>", "a tokenizer.json: encoder: { tokenizer: … } in a config")
    .addOption(
      new Option("--size <n>", "most pieces, special ones included").argParser(positiveNumber).default(30_522, "30522"),
    )
    .addOption(
      new Option("--alphabet <n>", "most characters, the most frequent ones: more for Chinese or Japanese")
        .argParser(positiveNumber)
        .default(1000),
    )
    .option("--cased", "tell upper from lower case")
    .action(async ({ input, cased = false, ...options }: TokenizerOptions) => {
      const made = await interruptible((signal) =>
        trainTokenizer({ ...options, inputs: input, lowercase: !cased, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(made);
      else process.stdout.write(`${made.pieces} pieces from ${made.texts} texts\n${options.output}\n`);
    });
}
