import { createEncoder, type EncoderConfig } from "@kgraft/encoder";
import {
  createFusedEncoder,
  ernieThu,
  type FusedEncoder,
  type Fusion,
  type FusionResources,
  none,
} from "@kgraft/fusion";
import { smallWorld } from "@kgraft/fusion/testing";
import { streams } from "@kgraft/runtime";
import { Parameters } from "@kgraft/tensor";
import type { TextExample, Tokenizer } from "@kgraft/text";
import type { Splits } from "../contract.ts";

type EntityVectors = NonNullable<FusionResources["vectors"]>;

/** A world in which only the entity vectors know the type: every mention is the same word, its neighbours are noise. */
export interface MadeWorld {
  readonly tokenizer: Tokenizer;
  readonly config: EncoderConfig;
  readonly vectors: EntityVectors;
  /** No entity stands in two splits. */
  readonly splits: Splits;
}

export const madeTypes = ["instrument", "person", "place", "river"];
const noise = "the a of in on and plays sings lives at night song town old".split(" ");
const entitiesPerSplit = { train: 96, validation: 32, test: 48 };
const dimension = 8;

/** Makes the world: 2 layers of 32, one example an entity. */
export async function madeWorld(): Promise<MadeWorld> {
  const { tokenizer, encoder } = await smallWorld();
  const config = {
    ...encoder,
    hiddenSize: 32,
    embeddingSize: 32,
    numLayers: 2,
    intermediateSize: 64,
    hiddenDropout: 0.1,
  };
  const splits = { train: madeSplit("train"), validation: madeSplit("validation"), test: madeSplit("test") };
  return { tokenizer, config, splits, vectors: madeVectors(Object.values(splits).flat()) };
}

function madeSplit(split: keyof typeof entitiesPerSplit): TextExample[] {
  return Array.from({ length: entitiesPerSplit[split] }, (_, i) => {
    const draw = streams(5).at(split, i);
    const words = Array.from({ length: 2 + draw.integer(9) }, () => noise[draw.integer(noise.length)] as string);
    const place = draw.integer(words.length);
    const before = words.slice(0, place).join(" ");
    const start = before === "" ? 0 : before.length + 1;
    const text = [...words.slice(0, place), "marl", ...words.slice(place)].join(" ");
    const span = { start, end: start + "marl".length };
    const type = madeTypes[draw.integer(madeTypes.length)] as string;
    return {
      id: `${split}-${i}`,
      text,
      target: span,
      mentions: [{ ...span, entity: `${split}-${i}` }],
      labels: [type],
    };
  });
}

/** A direction for each type, and noise. */
function madeVectors(examples: readonly TextExample[]): EntityVectors {
  const values = new Float32Array(examples.length * dimension);
  for (const [row, { labels = [] }] of examples.entries()) {
    const draw = streams(6).at("vector", row);
    const type = madeTypes.indexOf(labels[0] as string);
    for (let i = 0; i < dimension; i++) values[row * dimension + i] = (i === type ? 3 : 0) + 0.4 * draw.normal();
  }
  const ids = examples.map(({ id }) => id);
  return { ids, row: new Map(ids.map((id, row) => [id, row])), dimension, values };
}

/** A model of the made world with its parameters, all of one seed. */
export function madeModel(
  world: MadeWorld,
  strategy: "none" | "ernie-thu",
  seed = 1,
): { readonly model: FusedEncoder; readonly parameters: Parameters } {
  const encoder = createEncoder(world.config);
  const resources = {
    encoder: world.config,
    tokenizer: world.tokenizer,
    streams: streams(seed),
    vectors: world.vectors,
  };
  const fusion =
    strategy === "none"
      ? none.create({}, resources)
      : ernieThu.create(
          ernieThu.options.parse({ fusedLayers: [1], entityHeads: 2, vectorNorm: "as-given" }),
          resources,
        );
  // What a strategy keeps of an example is its own affair: nobody else looks into it.
  const model = createFusedEncoder(encoder, fusion as Fusion);
  return { model, parameters: Parameters.create(model.parameters, streams(seed)) };
}
