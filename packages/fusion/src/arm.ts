import { InputError, suggestion } from "@kgraft/runtime";
import { controls } from "./controls.ts";

/** One arm of a comparison: a strategy, a stack of them, and perhaps a control. */
export interface Arm {
  /** As it was written: `wklm+k-adapter@random`. */
  readonly name: string;
  readonly strategies: readonly [string, ...string[]];
  /** Name of a control of {@link controls}. */
  readonly control: string | undefined;
}

/**
 * Reads an arm: `none`, `ernie-thu`, `wklm+k-adapter`, `ernie-thu@random`.
 *
 * @param loaded names of the strategies that are loaded
 * @param at where it was written, for messages: `config.fusion.name`, `--strategies`
 * @throws InputError `fusion.arm.strategy`, `fusion.arm.control`, `fusion.arm.form`
 */
export function parseArm(name: string, loaded: readonly string[], at: string): Arm {
  const [stack = "", control, ...more] = name.split("@");
  if (more.length > 0) throw malformed(name, at, `"${name}" has ${more.length + 1} controls`);
  const strategies = stack.split("+");
  for (const [index, strategy] of strategies.entries()) {
    if (strategy === "") throw malformed(name, at, name === "" ? "an empty name" : `"${name}" has an empty part`);
    if (!loaded.includes(strategy)) throw unknownStrategy(strategy, loaded, at);
    if (strategies.indexOf(strategy) !== index) throw malformed(name, at, `"${name}" stacks "${strategy}" on itself`);
  }
  if (control !== undefined && !Object.hasOwn(controls, control)) throw unknownControl(control, at);
  return { name, strategies: strategies as [string, ...string[]], control };
}

function malformed(name: string, at: string, problem: string): InputError {
  return new InputError({
    code: "fusion.arm.form",
    at,
    problem,
    wanted: "Wanted STRATEGY, STRATEGY+STRATEGY or one of these with @CONTROL",
    fix: name === "" ? "Name a strategy, e.g. none" : undefined,
  });
}

function unknownStrategy(strategy: string, loaded: readonly string[], at: string): InputError {
  return new InputError({
    code: "fusion.arm.strategy",
    at,
    problem: `no fusion strategy "${strategy}"`,
    wanted: `Loaded: ${[...loaded].sort().join(", ")}`,
    fix: suggestion(strategy, loaded) ?? "A plugin that brings it is named under plugins:",
  });
}

function unknownControl(control: string, at: string): InputError {
  const names = Object.keys(controls);
  return new InputError({
    code: "fusion.arm.control",
    at,
    problem: `no control "@${control}"`,
    wanted: `There are ${names.map((one) => `@${one}`).join(", ")}`,
    fix: suggestion(control, names),
  });
}
