import type { ModelPart } from "@kgraft/encoder";
import { InputError, streams } from "@kgraft/runtime";
import type { ParameterSpec, Parameters } from "@kgraft/tensor";

/**
 * Gives parameters the values that a part of a model folder holds; those that are not there yet are added.
 *
 * @param at the part's file, for errors
 * @throws InputError `saved-model.weight` where the part lacks one
 */
export function assignPart(
  parameters: Parameters,
  specs: readonly ParameterSpec[],
  part: ModelPart | undefined,
  at: string,
): void {
  const fresh = specs.filter(({ name }) => !parameters.has(name));
  parameters.add(
    fresh.map((spec): ParameterSpec => ({ ...spec, init: { kind: "zeros" } })), // no draw is spent on what is read
    streams(0),
  );
  for (const { name } of specs) {
    const held = part?.weights.get(name);
    if (held === undefined)
      throw new InputError({
        code: "saved-model.weight",
        at,
        problem: `holds no weight "${name}"`,
        wanted: "Wanted every weight of the strategy and the head that config.json speaks of",
        fix: "Copy the model's whole folder",
      });
    parameters.assign(name, held);
  }
}
