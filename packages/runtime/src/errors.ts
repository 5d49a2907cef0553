import { distance, closest as nearest } from "fastest-levenshtein";

/** What a {@link KgraftError} is made of; the message is put together from it. */
export interface ErrorParts {
  /** Stable, dotted, for programs: `kg.triples.fields`. */
  readonly code: string;
  /** Where: a config path (`config.fusion.name`), a file with its line, or `package.thing`. */
  readonly at: string;
  /** What is wrong, with the value. No full stop at the end. */
  readonly problem: string;
  /** What was wanted instead. */
  readonly wanted?: string | undefined;
  /** The likely fix. */
  readonly fix?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error that a person can act upon: `<at>: <problem>. <wanted>. <fix>.`
 *
 * Throw {@link InputError} for bad usage, config or input and {@link RunError} where the run itself failed.
 */
export abstract class KgraftError extends Error {
  readonly code: string;
  readonly at: string;
  /** 1 the run failed, 2 bad usage, config or input. */
  abstract readonly exitCode: 1 | 2;

  constructor(parts: ErrorParts) {
    super(sentence(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = new.target.name;
    this.code = parts.code;
    this.at = parts.at;
  }
}

/** Bad usage, config or input: the command exits with 2. */
export class InputError extends KgraftError {
  readonly exitCode = 2;
}

/** The run itself failed: the command exits with 1. */
export class RunError extends KgraftError {
  readonly exitCode = 1;
}

/** Several errors of one input, reported together; exits with the highest code among them. */
export class ErrorList extends KgraftError {
  readonly errors: readonly KgraftError[];
  readonly exitCode: 1 | 2;

  constructor(errors: readonly [KgraftError, ...KgraftError[]]) {
    super({
      code: errors[0].code,
      at: errors[0].at,
      problem: "several errors",
    });
    this.message = errors.map((error) => error.message).join("\n");
    this.errors = errors;
    this.exitCode = errors.some((error) => error.exitCode === 2) ? 2 : 1;
  }
}

function sentence({ at, problem, wanted, fix }: ErrorParts): string {
  const parts = [problem, wanted, fix].filter((part) => part !== undefined && part !== "");
  return `${at}: ${parts.map((part) => (/[.?!]$/.test(part as string) ? part : `${part}.`)).join(" ")}`;
}

/** Finds the name that was probably meant, or undefined where nothing is near enough to be one. */
export function didYouMean(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const lower = name.toLowerCase();
  const same = names.find((other) => other.toLowerCase() === lower);
  if (same !== undefined) return same;
  const best = nearest(name, [...names]);
  const nearEnough = Math.min(Math.max(2, Math.floor(best.length / 3)), Math.max(name.length, best.length) - 1);
  return distance(name, best) <= nearEnough ? best : undefined;
}

/** `Did you mean "k-bert"?`, or undefined where nothing is near. */
export function suggestion(name: string, names: readonly string[]): string | undefined {
  const best = didYouMean(name, names);
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}

/** The text of anything thrown, on one line, without a stack. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .join(" ");
}
