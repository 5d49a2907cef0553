import { InputError, messageOf } from "@kgraft/runtime";

/**
 * Compiles a pattern over parameter names: `/…/` is a regular expression that may match anywhere, everything else a glob
 * over the whole name, in which `*` stands for any run of characters and `?` for one.
 *
 * @param at where the pattern is written, for errors
 * @throws InputError `tensor.groups.pattern` where the expression is malformed
 */
export function namePattern(pattern: string, at: string): (name: string) => boolean {
  const inner = /^\/(.*)\/$/s.exec(pattern)?.[1];
  const source =
    inner ??
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*+/g, ".*")
      .replace(/\?/g, ".")}$`;
  const expression = compilePattern(source, at);
  return (name) => expression.test(name);
}

/** @throws InputError `tensor.groups.pattern` where the expression is malformed */
export function compilePattern(source: string, at: string): RegExp {
  try {
    return new RegExp(source, "s");
  } catch (cause) {
    throw new InputError({ code: "tensor.groups.pattern", at, problem: messageOf(cause), cause });
  }
}
