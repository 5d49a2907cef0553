import type { PretrainOptions } from "@kgraft/tasks";
import type { z } from "zod";
import type { AnyDefinition, Registry } from "../registry.ts";
import type { Secrets } from "./secrets.ts";
import type { encoderOptions, reportOptions, TopLevel } from "./sections.ts";
import type { WrittenFor } from "./written-config.ts";

/** A chosen implementation and its options, checked, with absolute paths. */
export interface Choice {
  readonly name: string;
  readonly definition: AnyDefinition;
  readonly options: unknown;
}

/** A graph, with the closure that KG embeddings are trained on. */
export interface GraphChoice extends Choice {
  readonly closure?: readonly string[] | undefined;
  readonly closureDepth?: number | undefined;
}

/** A task, with the data set that its examples come from. */
export interface TaskChoice extends Choice {
  /** A named data set; absent where the task's own options name files. */
  readonly data?: Choice | undefined;
}

/** Where the encoder comes from. */
export type EncoderOptions = z.infer<typeof encoderOptions>;

/** A config that was read and checked. */
export interface RunConfig {
  /** The file as it was given. */
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly backend: TopLevel["backend"];
  readonly matmul: TopLevel["matmul"];
  readonly output?: string | undefined;
  readonly registry: Registry;
  readonly graph?: GraphChoice | undefined;
  /** Whether a graph that is kept in a database is to be read again. */
  readonly refresh: boolean;
  readonly corpus?: Choice | undefined;
  readonly linker?: Choice | undefined;
  readonly embedding?: Choice | undefined;
  readonly encoder?: EncoderOptions | undefined;
  readonly pretrain?: PretrainOptions | undefined;
  readonly task?: TaskChoice | undefined;
  /** Options by strategy name; a strategy that the config does not mention has its defaults. */
  readonly strategies: ReadonlyMap<string, unknown>;
  /** The strategy, stack or control that `fusion.name` says. */
  readonly arm: string;
  readonly report: z.infer<typeof reportOptions>;
  /** Gives the merged config as YAML, environment variables unexpanded, with paths relative to a folder. */
  written(where: WrittenFor): string;
  /** Values of environment variables that the config uses: never to be shown. */
  readonly secrets: Secrets;
}
