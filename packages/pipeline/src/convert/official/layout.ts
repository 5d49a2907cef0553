import type { ConfigJson } from "@kgraft/encoder";
import type { ReleasedTensor } from "./released-files.ts";

/** Tensors of a checkpoint by name. */
export type Tensors = ReadonlyMap<string, ReleasedTensor>;

/** One row of a table of names: what a release calls a tensor, and what the family calls it. */
export interface NameRule {
  readonly official: RegExp;
  /** With `$1` for what the pattern caught. */
  readonly ours: string;
  /** The rows [from, to) of the tensor alone. */
  readonly rows?: readonly [from: number, to: number];
}

/** A strategy that a release was made with, and its options. */
export interface ReleasedStrategy {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Length of the entity vectors that the strategy was trained with. */
  readonly vectorLength?: number;
}

/** How the checkpoints of one code base are laid out. */
export interface ReleasedLayout {
  readonly name: string;
  readonly modelType: string;
  /** A name that only this layout has. */
  readonly sign: RegExp;
  /** The first rule that fits a name counts; a name without rule is left out. */
  readonly rules: readonly NameRule[];
  /** What is left out although a rule fits it, by what else there is. */
  leftOut?(tensors: Tensors): Promise<(official: string) => boolean>;
  strategy?(tensors: Tensors, configJson: ConfigJson): ReleasedStrategy | undefined;
  /** config.json's keys of a model with these names beside the encoder: the head's. */
  headKeys?(tensors: Tensors): ConfigJson;
}

/** Rules from pairs of stems, for `.weight` and `.bias` of each; `*` is a layer's number. */
export function stems(pairs: Readonly<Record<string, string>>): readonly NameRule[] {
  return Object.entries(pairs).map(([official, ours]) => ({
    official: new RegExp(`^${official.replaceAll(".", "\\.").replace("*", "(\\d+)")}\\.(weight|bias)$`),
    ours: `${ours.replace("*", "$1")}.${official.includes("*") ? "$2" : "$1"}`,
  }));
}

/** The tensors under the family's names; what has no rule is named in `left`. */
export function rename(
  { rules }: Pick<ReleasedLayout, "rules">,
  tensors: Tensors,
  isLeftOut: (official: string) => boolean,
): { readonly named: ReadonlyMap<string, ReleasedTensor>; readonly left: readonly string[] } {
  const named = new Map<string, ReleasedTensor>();
  const left: string[] = [];
  for (const [official, tensor] of tensors) {
    const rule = isLeftOut(official) ? undefined : rules.find((one) => one.official.test(official));
    if (rule === undefined) left.push(official);
    else named.set(official.replace(rule.official, rule.ours), rule.rows ? rowsOf(tensor, rule.rows) : tensor);
  }
  return { named, left };
}

function rowsOf({ shape, read }: ReleasedTensor, [from, to]: readonly [number, number]): ReleasedTensor {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return {
    shape: [to - from, ...shape.slice(1)],
    read: async () => {
      const { dtype, data } = await read();
      return { dtype, shape: [to - from, ...shape.slice(1)], data: data.slice(from * width, to * width) };
    },
  };
}
