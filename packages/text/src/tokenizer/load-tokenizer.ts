import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, readJsonFileIfThere } from "@kgraft/runtime";
import { z } from "zod";
import type { Tokenizer } from "../encoding.ts";
import { PipelineTokenizer } from "./pipeline-tokenizer.ts";
import { readTokenizer } from "./tokenizer-file.ts";

const namedToken = z.union([z.string(), z.object({ content: z.string() }).transform((token) => token.content)]);

/** What `tokenizer_config.json` says beside the tokenizer's own file. */
const configSchema = z.object({
  do_lower_case: z.boolean().nullish(),
  pad_token: namedToken.nullish(),
  unk_token: namedToken.nullish(),
  mask_token: namedToken.nullish(),
  cls_token: namedToken.nullish(),
  sep_token: namedToken.nullish(),
  bos_token: namedToken.nullish(),
  eos_token: namedToken.nullish(),
});

export type TokenizerConfig = z.output<typeof configSchema>;

/**
 * Loads a tokenizer from a `tokenizer.json`, or from a folder that holds one (a `tokenizer_config.json` beside it names
 * the special tokens). Truncation and padding that the file sets are left aside.
 *
 * @throws InputError `text.tokenizer.*` naming the file: missing, not JSON, a component that is not supported, a broken
 * vocabulary, or a `do_lower_case` that contradicts the normalizer
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const file = isFolder ? join(path, "tokenizer.json") : path;
  const json = await readJson(file);
  if (json === undefined)
    throw new InputError({
      code: "text.tokenizer.missing",
      at: file,
      problem: "no such file",
      wanted: "Wanted a tokenizer.json as the Hugging Face libraries write it, or a folder that holds one",
    });
  const config = isFolder ? await readConfig(join(path, "tokenizer_config.json")) : {};
  return new PipelineTokenizer(readTokenizer(json, file, config));
}

async function readConfig(path: string): Promise<TokenizerConfig> {
  const read = configSchema.safeParse((await readJson(path)) ?? {});
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new InputError({
    code: "text.tokenizer.config",
    at: `${path}: ${issue?.path.join(".")}`,
    problem: issue?.message ?? "is not understood",
    wanted: "Wanted the tokenizer_config.json that stands beside this tokenizer.json",
  });
}

/** @returns undefined where there is no such file */
function readJson(path: string): Promise<unknown> {
  return readJsonFileIfThere(path, {
    code: "text.tokenizer.json",
    wanted: "Wanted a file as the Hugging Face libraries write it",
    fix: "Fetch it again: it may be cut short, or a pointer to a large file",
  });
}
