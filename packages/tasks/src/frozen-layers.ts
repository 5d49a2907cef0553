import type { TransformerEncoder } from "@kgraft/encoder";
import { InputError } from "@kgraft/runtime";

/**
 * Names the parameters of the embeddings and of the layers below `count`.
 *
 * @param at the option that says so, for errors
 * @throws InputError `tasks.freeze.layers` for more layers than there are, `tasks.freeze.shared` where a layer below shares
 * its weights with one above, so that it cannot stay while the other learns
 */
export function parametersBelow(encoder: TransformerEncoder, count: number, at: string): readonly string[] {
  const { numLayers, layerGroups = numLayers } = encoder.config;
  if (count > numLayers)
    throw new InputError({
      code: "tasks.freeze.layers",
      at,
      problem: `is ${count}, the encoder has ${numLayers} layers`,
      wanted: `Wanted 0 to ${numLayers}`,
    });
  const sharing = numLayers / layerGroups;
  if (count % sharing !== 0)
    throw new InputError({
      code: "tasks.freeze.shared",
      at,
      problem: `is ${count}, but each ${sharing} layers of the encoder share their weights`,
      wanted: `Wanted a multiple of ${sharing}`,
      fix: "Set it to 0 to train everything",
    });
  return count === 0 ? [] : namesBelow(encoder, count / sharing);
}

/** Parameters stand in order: tables, then the layers (a number is part of their path), then the pooler. */
function namesBelow({ parameters }: TransformerEncoder, groups: number): readonly string[] {
  const names = parameters.map(({ name }) => name);
  const group = (name: string): number | undefined => {
    const number = /\.(\d+)\./.exec(name)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  const firstLayer = names.findIndex((name) => group(name) !== undefined);
  return names.filter((name, index) => index < firstLayer || (group(name) ?? groups) < groups);
}
