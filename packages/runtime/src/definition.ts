import type { z } from "zod";

/** Where an idea was published. */
export interface Paper {
  readonly title: string;
  readonly authors: string;
  readonly venue: string;
  readonly url?: string;
}

/**
 * One choosable thing: a strategy, a linker, a graph adapter, a task. `name` is what a config writes; `options` gives
 * type, default, unit, text and check of its neighbours; `create` makes the thing from them.
 *
 * @typeParam Options what the schema yields
 * @typeParam Needs what the maker is given
 * @typeParam Made what it makes
 */
export interface Definition<Options, Needs, Made> {
  /** The config name, kebab-case, equal to the file's. */
  readonly name: string;
  /** One sentence for `kgraft list`. */
  readonly summary: string;
  readonly paper?: Paper;
  /** A strict object: unknown keys are errors. Options that hold a path are marked by {@link pathOption}. */
  readonly options: z.ZodType<Options>;
  create(options: Options, needs: Needs): Made;
}

/** Marks a string option as a path, read relative to the config file that states it: `z.string().meta(pathOption)`. */
export const pathOption = { kgraftPath: true } as const;
