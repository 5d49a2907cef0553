import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readTokenizerFiles, type TokenizerFiles } from "@kgraft/encoder";
import { InputError } from "@kgraft/runtime";
import { wordPieceFile } from "@kgraft/text";

/**
 * The tokenizer of a release. Old ones bring a `vocab.txt` alone: the tokenizer.json that says the same is made of it. Whether
 * text is lower-cased a `tokenizer_config.json` says; without one it is where no piece has a capital letter.
 *
 * @throws InputError `convert.official.tokenizer` where there is none
 */
export async function releasedTokenizer(folder: string): Promise<TokenizerFiles> {
  const files = await readTokenizerFiles(folder);
  const [name] = ["vocab.txt", "google_vocab.txt"].filter((one) => existsSync(join(folder, one)));
  if (files.has("tokenizer.json")) return files;
  if (name === undefined) throw withoutTokenizer(folder);
  const content = await readFile(join(folder, name));
  const pieces = content.toString("utf8").replace(/\n$/, "").split("\n");
  const stated = files.get("tokenizer_config.json");
  const config = stated === undefined ? {} : (JSON.parse(Buffer.from(stated).toString("utf8")) as object);
  const lowercase =
    "do_lower_case" in config
      ? config.do_lower_case === true
      : !pieces.some((piece) => !/^\[.*\]$/.test(piece) && /\p{Lu}/u.test(piece));
  const json = wordPieceFile(pieces, { lowercase });
  return new Map([...files, ["vocab.txt", content], ["tokenizer.json", Buffer.from(json)]]);
}

function withoutTokenizer(at: string): InputError {
  return new InputError({
    code: "convert.official.tokenizer",
    at,
    problem: "has neither tokenizer.json nor vocab.txt",
    wanted: "Wanted the tokenizer that the model was trained with",
    fix: "Copy it there from the checkpoint that the release started from",
  });
}
