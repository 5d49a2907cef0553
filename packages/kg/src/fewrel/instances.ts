import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import { readJsonFile } from "../data-file.ts";
import { RecordReader } from "../record-reader.ts";

/** An entity's first place in a sentence. */
export interface FewrelMention {
  readonly id: string;
  readonly name: string;
  /** Positions of its tokens, ascending; empty where the file states none. */
  readonly tokens: readonly number[];
}

/** A sentence of FewRel with its pair and relation. */
export interface FewrelInstance {
  /** Stands for relation, sentence and pair: the same in every file and at every reading. */
  readonly key: string;
  readonly relation: string;
  readonly tokens: readonly string[];
  readonly head: FewrelMention;
  readonly tail: FewrelMention;
  /** `file relation[index]` */
  readonly at: string;
}

/**
 * Reads FewRel's instances: of one file, or of every `*.json` and `*.json.gz` of a folder that maps relations to lists.
 * Instances that stand twice are given once.
 *
 * @throws InputError for what cannot be read, with file, relation and number; `kg.fewrel.none` where a folder has no such file
 */
export async function* fewrelInstances(path: string): AsyncGenerator<FewrelInstance> {
  const seen = new Set<string>();
  for (const file of await filesOf(path)) {
    const relations = new RecordReader(
      { all: await readJsonFile(file, "Wanted an object of relation id to instances") },
      file,
    ).record("all");
    for (const relation of Object.keys(relations))
      for (const [i, value] of new RecordReader(relations, file).list(relation).entries()) {
        const instance = readInstance(value, relation, `${file} ${relation}[${i}]`);
        if (seen.has(instance.key)) continue;
        seen.add(instance.key);
        yield instance;
      }
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  const folder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!folder) return [path];
  const names = (await readdir(path)).filter((name) => /^relations.*\.json(\.gz)?$/.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new InputError({
    code: "kg.fewrel.none",
    at: path,
    problem: "the folder has no relations*.json",
    wanted: "Wanted FewRel's files of relation id -> instances",
    fix: "Give the file itself, or its folder",
  });
}

function readInstance(value: unknown, relation: string, at: string): FewrelInstance {
  const tokens = new RecordReader(value, at).texts("tokens");
  const [head, tail] = [mentionOf(value, "h", at), mentionOf(value, "t", at)];
  const named = JSON.stringify([relation, tokens, head.id, head.tokens, tail.id, tail.tokens]);
  return { key: createHash("sha256").update(named).digest("hex"), relation, tokens, head, tail, at };
}

/** Reads `[name, id, positions]`; of several positions the first counts, as in the official toolkit. */
function mentionOf(value: unknown, side: "h" | "t", at: string): FewrelMention {
  const [name, id, places] = new RecordReader(value, at).list(side);
  if (typeof name !== "string" || typeof id !== "string" || name === "" || id === "")
    throw new InputError({
      code: "kg.fewrel.mention",
      at,
      problem: `"${side}" is ${JSON.stringify([name, id])}`,
      wanted: "Wanted [name, id, positions]",
    });
  const first: unknown = Array.isArray(places) ? places[0] : undefined;
  const tokens = Array.isArray(first) ? first.filter((token) => Number.isInteger(token)) : [];
  return { id, name, tokens: (tokens as number[]).sort((a, b) => a - b) };
}
