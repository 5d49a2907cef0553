import { InputError, type Progress, type Streams } from "@kgraft/runtime";
import type { ParameterSpec, Parameters } from "@kgraft/tensor";
import type { CheckpointWeights } from "./weights.ts";

/** How the weights of a file answer to what a model declares. */
export interface WeightFit {
  /** Declared, but not in the file. */
  readonly missing: readonly string[];
  /** In the file, but not declared: heads, or what another model left. */
  readonly surplus: readonly string[];
}

/**
 * Compares a file with declared parameters.
 *
 * @param optional names that may be missing: they start at random
 * @throws InputError `encoder.checkpoint.fit` listing by name every other one that is missing and every wrong shape
 */
export function fitWeights(
  specs: readonly ParameterSpec[],
  weights: CheckpointWeights,
  optional: (name: string) => boolean = () => false,
): WeightFit {
  const declared = new Set(specs.map(({ name }) => name));
  const missing = specs.filter(({ name }) => !weights.has(name));
  const wrong = specs.filter(({ name, shape }) => weights.has(name) && shape.join() !== weights.shape(name).join());
  const lacking = missing.filter(({ name }) => !optional(name));
  if (lacking.length + wrong.length > 0) throw misfit(lacking, wrong, weights);
  return {
    missing: missing.map(({ name }) => name),
    surplus: weights.names.filter((name) => !declared.has(name)),
  };
}

function misfit(
  lacking: readonly ParameterSpec[],
  wrong: readonly ParameterSpec[],
  weights: CheckpointWeights,
): InputError {
  const problems: string[] = [];
  if (lacking.length > 0)
    problems.push(
      `lacks ${count(lacking.length)}: ${lacking.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")}`,
    );
  if (wrong.length > 0) {
    const shapes = wrong.map(
      ({ name, shape }) => `${name} is [${weights.shape(name).join(", ")}], wanted [${shape.join(", ")}]`,
    );
    problems.push(`has another shape for ${count(wrong.length)}: ${shapes.join("; ")}`);
  }
  return new InputError({
    code: "encoder.checkpoint.fit",
    at: weights.path,
    problem: problems.join(", and it "),
    wanted: "Wanted every weight that its config.json speaks of",
    fix: "Compare config.json with the file: one of the two is another model's",
  });
}

const count = (number: number): string => (number === 1 ? "1 weight" : `${number} weights`);

/**
 * Adds declared parameters with a checkpoint's values; what it does not hold is drawn from its stream, and said aloud where
 * the checkpoint holds anything at all.
 *
 * @returns the names that were drawn
 * @throws InputError `encoder.checkpoint.fit` where a weight has another shape
 */
export async function addParameters(
  parameters: Parameters,
  specs: readonly ParameterSpec[],
  weights: CheckpointWeights,
  streams: Streams,
  progress: Progress,
): Promise<readonly string[]> {
  const { missing } = fitWeights(specs, weights, () => true);
  const drawn = new Set(missing);
  const held = specs.filter(({ name }) => !drawn.has(name));
  parameters.add(
    specs.map((spec) => (drawn.has(spec.name) ? spec : { ...spec, init: { kind: "zeros" } })), // no draw is spent on what is read
    streams,
  );
  for await (const [name, values] of weights.values(held.map(({ name }) => name))) parameters.assign(name, values);
  if (missing.length > 0 && weights.names.length > 0)
    progress.note(`${weights.path}: starts at random: ${missing.join(", ")}`);
  return missing;
}
