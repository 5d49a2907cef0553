import { join } from "node:path";
import { InputError, pathOption, readJsonLines } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import { firstThere } from "./data-files.ts";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { drawSplits, mostOptions } from "./draw-splits.ts";

/** The general types of the ERNIE paper's Open Entity. */
const generalTypes = ["entity", "event", "group", "location", "object", "organization", "person", "place", "time"];

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("Folder of train, dev and test.json(.gz) of the crowd-labelled UFET data"),
  ...mostOptions,
});

const brackets: Readonly<Record<string, string>> = {
  "-LRB-": "(",
  "-RRB-": ")",
  "-LSB-": "[",
  "-RSB-": "]",
  "-LCB-": "{",
  "-RCB-": "}",
};

/**
 * Open Entity as in the ERNIE paper: labels cut to the nine general types; a line that keeps none stays, with no label.
 * State the nine under the task's `types`, since training lacks one of them.
 */
export const openEntity: DatasetDefinition<z.infer<typeof options>> = {
  name: "open-entity",
  summary: "Crowd-labelled mentions to be typed with nine general types; lines without any stay.",
  paper: {
    title: "Ultra-Fine Entity Typing",
    authors: "Choi, Levy, Choi and Zettlemoyer",
    venue: "ACL 2018",
    url: "https://aclanthology.org/P18-1009",
  },
  options,
  async create({ path, ...most }) {
    const [train, validation, test] = [await read(path, "train"), await read(path, "dev"), await read(path, "test")];
    return drawSplits({ train, validation, test }, most, 1);
  },
};

async function read(folder: string, name: string): Promise<readonly TextExample[]> {
  const path = await firstThere([join(folder, `${name}.json`), join(folder, `${name}.json.gz`)]);
  const examples: TextExample[] = [];
  for await (const { value, at, number } of readJsonLines(path))
    examples.push(exampleOf(value, `${name}-${number}`, at));
  return examples;
}

function exampleOf(value: unknown, id: string, at: string): TextExample {
  const { left_context_token: left, mention_span: mention, right_context_token: right, y_str: labels } = Object(value);
  if (![left, right, labels].every(isTexts) || typeof mention !== "string" || mention === "")
    throw new InputError({
      code: "dataset.open-entity",
      at,
      problem: "is no line of the crowd-labelled data",
      wanted: "Wanted left_context_token, mention_span, right_context_token and y_str",
    });
  const words = (tokens: readonly string[]): string => tokens.map((token) => brackets[token] ?? token).join(" ");
  const before = left.length === 0 ? "" : `${words(left)} `;
  const span = words(mention.split(" "));
  return {
    id,
    text: before + span + (right.length === 0 ? "" : ` ${words(right)}`),
    target: { start: before.length, end: before.length + span.length },
    labels: generalTypes.filter((type) => labels.includes(type)),
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
