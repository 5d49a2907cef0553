import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  InputError,
  readJsonFile,
  readLines,
  writeFileAtomic,
  writeFolderAtomic,
  writeLinesAtomic,
} from "@kgraft/runtime";
import { hostTensors, SafetensorsFile, writeSafetensors } from "@kgraft/tensor";
import { z } from "zod";
import type { EntityVectors } from "./entity-vectors.ts";
import type { Embedding } from "./train-embedding.ts";
import { vectorTable } from "./vector-table.ts";

const VECTORS = "embedding.safetensors";
const ENTITIES = "entities.txt";
const RELATIONS = "relations.txt";
const METRICS = "metrics.json";

/** Of errors about such a folder. */
const FOLDER = { code: "kg-embedding.folder", wanted: "Wanted a folder written by `kgraft embed`" };

/** What `metrics.json` must hold to be read back. */
const record = z.looseObject({
  model: z.string(),
  options: z.record(z.string(), z.unknown()),
  seed: z.number(),
  reciprocal: z.boolean(),
  history: z.array(z.number()),
  entities: z.number(),
  relations: z.number(),
  sha256: z.object({ [ENTITIES]: z.string(), [RELATIONS]: z.string() }),
});

/**
 * Writes an embedding as a folder, whole or not at all: `embedding.safetensors` (`entity` [N, E], `relation` [R, F]; of
 * complex-valued models real, then imaginary halves), `entities.txt` and `relations.txt` (one id a line, in the order of
 * the rows) and `metrics.json`. An existing folder of that name is replaced.
 *
 * @throws InputError `kg-embedding.id` where an id cannot stand on a line
 */
export async function writeEmbeddingFolder(folder: string, embedding: Embedding): Promise<void> {
  const { vectors, relations, model, metrics, history } = embedding;
  const { name, ...made } = model;
  for (const id of [...vectors.ids, ...relations.ids]) assertOneLine(id);
  const sha256 = { [ENTITIES]: digest(vectors.ids), [RELATIONS]: digest(relations.ids) };
  const counts = { entities: vectors.ids.length, relations: relations.ids.length };
  const text = JSON.stringify({ model: name, ...made, ...counts, history, sha256, ...metrics }, null, "\t");
  await writeFolderAtomic(folder, async (temporary) => {
    const arrays = [
      ["entity", matrix(vectors)],
      ["relation", matrix(relations)],
    ] as const;
    await writeSafetensors(join(temporary, VECTORS), hostTensors(arrays));
    await writeLinesAtomic(join(temporary, ENTITIES), vectors.ids);
    await writeLinesAtomic(join(temporary, RELATIONS), relations.ids);
    await writeFileAtomic(join(temporary, METRICS), `${text}\n`);
  });
}

/**
 * Reads what {@link writeEmbeddingFolder} wrote.
 *
 * @throws InputError `kg-embedding.folder` where a file is missing or does not fit the others
 */
export async function readEmbeddingFolder(folder: string): Promise<Embedding> {
  const all = await readRecord(join(folder, METRICS));
  const { model, options, seed, reciprocal, history, sha256, entities: _, relations: __, ...metrics } = all;
  const file = await SafetensorsFile.open(join(folder, VECTORS));
  try {
    const table = async (tensor: "entity" | "relation", idFile: typeof ENTITIES | typeof RELATIONS) =>
      await readTable(file, tensor, join(folder, idFile), sha256[idFile]);
    return {
      vectors: await table("entity", ENTITIES),
      relations: await table("relation", RELATIONS),
      model: { name: model, options, seed, reciprocal },
      metrics,
      history,
    };
  } finally {
    await file.close();
  }
}

/** Reads the entity vectors of an embedding folder. @throws InputError as {@link readEmbeddingFolder} */
export async function readEntityVectors(folder: string): Promise<EntityVectors> {
  return (await readEmbeddingFolder(folder)).vectors;
}

async function readRecord(path: string) {
  const parsed = record.safeParse(await readJsonFile(path, FOLDER));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refusal(path, `${issue?.path.join(".")}: ${issue?.message}`);
}

async function readTable(
  file: SafetensorsFile,
  tensor: string,
  idPath: string,
  sha256: string,
): Promise<EntityVectors> {
  const ids: string[] = [];
  for await (const { text } of readLines(idPath)) ids.push(text);
  if (digest(ids) !== sha256) throw refusal(idPath, `is not the list that ${METRICS} was written with`);
  const { shape } = file.info(tensor);
  const [rows, width] = shape;
  if (shape.length !== 2 || rows !== ids.length)
    throw refusal(
      file.path,
      `${tensor} has shape [${shape.join(", ")}]`,
      `Wanted a row for each of the ${ids.length} ids of ${idPath}`,
    );
  return vectorTable(ids, await file.readFloats(tensor), width as number);
}

function matrix({ ids, dimension, values }: EntityVectors) {
  return { dtype: "float32", shape: [ids.length, dimension], data: values } as const;
}

function digest(ids: readonly string[]): string {
  const hash = createHash("sha256");
  for (const id of ids) hash.update(`${id}\n`);
  return hash.digest("hex");
}

/** Ids stand raw, one a line, so that any tool can read them; what a line cannot hold is refused. */
function assertOneLine(id: string): void {
  const problem = /[\r\n]/.test(id)
    ? "has a line break"
    : id.startsWith("\ufeff")
      ? "begins with a byte order mark"
      : !/\p{Surrogate}/u.test(id)
        ? undefined
        : "holds half a surrogate pair";
  if (problem === undefined) return;
  throw new InputError({
    code: "kg-embedding.id",
    at: "kg-embedding.writeEmbeddingFolder",
    problem: `the id ${JSON.stringify(id)} ${problem}`,
    wanted: "Wanted ids that can stand on a line of a text file",
    fix: "Rename it in the graph's source",
  });
}

function refusal(path: string, problem: string, wanted = FOLDER.wanted): InputError {
  return new InputError({ code: FOLDER.code, at: path, problem, wanted });
}
