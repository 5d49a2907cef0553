const hyphen = /(?<=[\p{L}\p{N}])[-\u2010-\u2015](?=[\p{L}\p{N}])/gu;
const qualifier = /^(.*\S)\s*\([^()]*\)$/u;

/**
 * Derives the other ways in which people write a name: hyphens as spaces or left out, and without a qualifier in
 * parentheses at the end (`Paris (Texas)` as `Paris`).
 */
export function derivedAliases(alias: string): readonly string[] {
  const bare = qualifier.exec(alias)?.[1];
  const names = bare === undefined ? [alias] : [bare, alias];
  const derived = names.flatMap((name) => [name, name.replace(hyphen, " "), name.replace(hyphen, "")]);
  return [...new Set(derived)].filter((name) => name !== alias);
}
