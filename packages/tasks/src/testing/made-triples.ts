import { createEncoder } from "@kgraft/encoder";
import { createFusedEncoder, type FusedEncoder, type Fusion, kgBert, none } from "@kgraft/fusion";
import { type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import { streams } from "@kgraft/runtime";
import { Parameters } from "@kgraft/tensor";
import type { TextExample, TripleTerm } from "@kgraft/text";
import type { Splits } from "../contract.ts";

const words = "night lute harp song river town marl tarn hill old".split(" ");
const relations: readonly TripleTerm[] = [
  { id: "next", text: "on" },
  { id: "twice", text: "at" },
];

/** Ten entities on a ring: `next` is one step on, `twice` two; some triples are held out. */
export function ringSplits(): Splits {
  const all = words.flatMap((_, i) => relations.map((_relation, r) => [i, r, (i + 1 + r) % words.length] as const));
  const part = (name: string, keep: (index: number) => boolean): TextExample[] =>
    all.filter((_, index) => keep(index)).map(([head, r, tail], i) => ringExample(`${name}-${i}`, head, r, tail));
  return {
    train: part("train", (index) => index % 5 > 1),
    validation: part("validation", (index) => index % 5 === 0),
    test: part("test", (index) => index % 5 === 1),
  };
}

/** A triple of the ring in words. */
export function ringExample(id: string, head: number, relation: number, tail: number): TextExample {
  const entity = (index: number): TripleTerm => ({ id: `E${index}`, text: words[index] as string });
  const triple = { head: entity(head), relation: relations[relation] as TripleTerm, tail: entity(tail) };
  return { id, text: `${triple.head.text} ${triple.relation.text} ${triple.tail.text}`, triple };
}

/** A small model that reads triples, with its world. */
export async function tripleModel(
  strategy: "none" | "kg-bert" = "kg-bert",
): Promise<{ readonly world: SmallWorld; readonly model: FusedEncoder; readonly parameters: Parameters }> {
  const world = await smallWorld();
  const fusion = strategy === "none" ? none.create({}, world) : kgBert.create(kgBert.options.parse({}), world);
  const model = createFusedEncoder(createEncoder(world.encoder), fusion as Fusion);
  return { world, model, parameters: Parameters.create(model.parameters, streams(1)) };
}
