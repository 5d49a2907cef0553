import { dirname, join } from "node:path";
import { InputError, isRecord, readJsonFile } from "@kgraft/runtime";
import { type ParameterSpec, SafetensorsFile } from "@kgraft/tensor";
import type { Family } from "../families/family.ts";
import { familyNames } from "./names.ts";

/** Weights on disk under a family's own names, read when they are asked for. */
export interface CheckpointWeights {
  /** The file, or the index of its shards: for messages. */
  readonly path: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws InputError `encoder.checkpoint.weight` where there is none of this name */
  shape(name: string): readonly number[];
  /** Reads one weight as float32; the array is the caller's. */
  read(name: string): Promise<Float32Array>;
  /** Reads several, each file opened once. */
  values(names: Iterable<string>): AsyncGenerator<readonly [name: string, values: Float32Array]>;
}

interface Place {
  readonly file: string;
  readonly stored: string;
  readonly shape: readonly number[];
}

/**
 * Lists the weights of a file, or of the shards that an `….index.json` names.
 *
 * @param known the encoder's parameters, to tell files with the family's prefix from files without
 * @throws InputError where a file is missing or broken, or two tensors of it stand for one weight and differ
 */
export async function openWeights(
  path: string,
  family: Family,
  known: readonly ParameterSpec[],
): Promise<CheckpointWeights> {
  const files = path.endsWith(".json") ? await shardFiles(path) : [path];
  const stored = new Map<string, Place>();
  for (const file of files) {
    for (const [name, shape] of await shapesOf(file)) stored.set(name, { file, stored: name, shape });
  }
  const names = familyNames([...stored.keys()], family, new Set(known.map(({ name }) => name)));
  const places = new Map<string, Place>();
  const repeated: [name: string, again: Place][] = [];
  for (const { stored: written, name } of names) {
    if (name === undefined) continue;
    const place = stored.get(written) as Place;
    if (places.has(name)) repeated.push([name, place]);
    else places.set(name, place);
  }
  const decoder = `${family.maskedLanguageModel.decoder}.weight`;
  const tied = places.get(decoder);
  if (tied !== undefined) repeated.push([`${family.prefix}${family.names.words}.weight`, tied]);
  places.delete(decoder);
  const weights = new StoredWeights(path, places);
  await refuseUnequal(weights, repeated);
  return weights;
}

class StoredWeights implements CheckpointWeights {
  readonly path: string;
  readonly #places: ReadonlyMap<string, Place>;

  constructor(path: string, places: ReadonlyMap<string, Place>) {
    this.path = path;
    this.#places = places;
  }

  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  shape(name: string): readonly number[] {
    return this.#place(name).shape;
  }

  async read(name: string): Promise<Float32Array> {
    const { file, stored } = this.#place(name);
    return withFile(file, (opened) => opened.readFloats(stored));
  }

  async *values(names: Iterable<string>): AsyncGenerator<readonly [string, Float32Array]> {
    const wanted = new Map<string, string[]>();
    for (const name of names) {
      const { file } = this.#place(name);
      const inFile = wanted.get(file);
      if (inFile === undefined) wanted.set(file, [name]);
      else inFile.push(name);
    }
    for (const [file, inFile] of wanted) {
      const opened = await SafetensorsFile.open(file);
      try {
        for (const name of inFile) yield [name, await opened.readFloats(this.#place(name).stored)];
      } finally {
        await opened.close();
      }
    }
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    throw new InputError({
      code: "encoder.checkpoint.weight",
      at: this.path,
      problem: `holds no weight "${name}"`,
      wanted: `It holds ${this.#places.size}`,
    });
  }
}

/** What a model that starts at random has on disk. */
export const noWeights: CheckpointWeights = new StoredWeights("random initialisation", new Map());

async function withFile<Result>(
  path: string,
  use: (file: SafetensorsFile) => Promise<Result> | Result,
): Promise<Result> {
  const file = await SafetensorsFile.open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function shapesOf(path: string): Promise<(readonly [string, readonly number[]])[]> {
  return withFile(path, (file) => file.names().map((name) => [name, file.info(name).shape] as const));
}

/**
 * Lists the paths of the shards that an index names.
 *
 * @throws InputError `encoder.checkpoint.index`
 */
export async function shardFiles(index: string): Promise<string[]> {
  const words = { code: "encoder.checkpoint.index", wanted: 'Wanted {"weight_map": {"<weight>": "<file>"}}' };
  const refuse = (problem: string) => new InputError({ ...words, at: index, problem });
  const json = await readJsonFile(index, words);
  const map = isRecord(json) ? json.weight_map : undefined;
  const files = isRecord(map) ? [...new Set(Object.values(map))] : [];
  if (files.length === 0) throw refuse("names no file");
  return files.map((file) => {
    if (typeof file === "string" && /^[^/\\]+\.safetensors$/.test(file)) return join(dirname(index), file);
    throw refuse(`names the file ${JSON.stringify(file)}`);
  });
}

/** A weight that stands twice in a file (a tied decoder) must stand there twice the same. */
async function refuseUnequal(weights: CheckpointWeights, repeated: readonly [string, Place][]): Promise<void> {
  for (const [name, { file, stored }] of repeated) {
    const [first, again] = [await weights.read(name), await withFile(file, (opened) => opened.readFloats(stored))];
    if (first.length === again.length && first.every((value, i) => Object.is(value, again[i]))) continue;
    throw new InputError({
      code: "encoder.checkpoint.untied",
      at: `${file}: ${stored}`,
      problem: `differs from ${name}`,
      wanted: "Wanted them equal: the decoder of the masked-LM head is the word table",
      fix: "Use a checkpoint with tied embeddings",
    });
  }
}
