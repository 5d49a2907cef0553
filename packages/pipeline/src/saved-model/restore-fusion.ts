import type { ModelPart } from "@kgraft/encoder";
import { type Fusion, type FusionDefinition, type FusionResources, parseArm, stackFusions } from "@kgraft/fusion";
import { type EntityVectors, vectorTable } from "@kgraft/kg-embedding";
import { InputError, KgraftError } from "@kgraft/runtime";
import { z } from "zod";
import type { Registry } from "../registry.ts";

/** What a model folder says of its strategy: the arm it was trained as, and each strategy's options. */
const savedFusion = z.object({ name: z.string(), strategies: z.record(z.string(), z.unknown()) });

/** A strategy's definition with the options that a folder was saved with. */
export interface SavedFusion {
  /** Which resources it cannot do without. */
  readonly needs: readonly FusionDefinition["needs"][number][];
  create(resources: FusionResources): Fusion;
}

/**
 * Reads which strategy a saved model was made with.
 *
 * @param at the folder, for errors
 * @throws InputError `saved-model.fusion` where the folder does not say it as `kgraft run` writes it, or where the strategy is not loaded
 */
export function readSavedFusion({ options }: ModelPart, registry: Registry, at: string): SavedFusion {
  const read = savedFusion.safeParse(options);
  if (!read.success)
    throw new InputError({
      code: "saved-model.fusion",
      at: `${at}/config.json: kgraft.fusion`,
      problem: "does not name a strategy and its options",
      wanted: 'Wanted {"name", "strategies"}, as kgraft run writes them',
    });
  const { name, strategies } = read.data;
  const arm = parseArm(name, registry.names("fusion"), `${at}/config.json: kgraft.fusion.name`);
  const definitions = arm.strategies.map(
    (strategy) => registry.get("fusion", strategy, at).definition as FusionDefinition,
  );
  const [only] = arm.strategies;
  const given = definitions.length === 1 ? strategies[only] : strategies;
  const stack = stackFusions(definitions, arm.name);
  return {
    needs: [...new Set(definitions.flatMap(({ needs }) => needs))],
    create: (resources) => stack.create(stack.options.parse(given), resources),
  };
}

/**
 * Vectors that stand in for entity vectors where only their length matters: the one at which the strategy declares the
 * parameters that the folder holds.
 *
 * @throws InputError `saved-model.vectors` where there is no such length
 */
export function placeholderVectors(
  fusion: SavedFusion,
  part: ModelPart,
  resources: FusionResources,
  at: string,
): (rows: number) => EntityVectors {
  const extents = new Set([...part.weights.values()].flatMap(({ shape }) => shape));
  const ones = (dimension: number) => (rows: number) =>
    vectorTable(
      Array.from({ length: rows }, (_, row) => String(row)),
      new Float32Array(rows * dimension).fill(1),
      dimension,
    );
  const found = [...extents].find((dimension) => fits(fusion, part, { ...resources, vectors: ones(dimension)(1) }));
  if (found !== undefined) return ones(found);
  throw new InputError({
    code: "saved-model.vectors",
    at: `${at}/fusion.safetensors`,
    problem: "its shapes fit no length of entity vectors",
    wanted: "Wanted the parameters that the strategy declares",
    fix: "Copy the model's whole folder, or save it again with this version",
  });
}

function fits(fusion: SavedFusion, { weights }: ModelPart, resources: FusionResources): boolean {
  try {
    const declared = fusion.create(resources).parameters ?? [];
    return declared.every(({ name, shape }) => weights.get(name)?.shape.join() === shape.join());
  } catch (thrown) {
    if (thrown instanceof KgraftError) return false; // a length that the strategy refuses
    throw thrown;
  }
}
