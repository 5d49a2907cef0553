import { isFunctionWord } from "./function-words.ts";

/** Which aliases are looked for, and in what writing; see the options of `dictionary`. */
export interface AliasRuleOptions {
  readonly numbers: boolean;
  readonly acronyms: "match-case" | "any-case";
  readonly functionWords: "match-case" | "any-case";
}

const letter = /[\p{L}\p{N}]/u;
const lowerCase = /\p{Ll}/u;
const upperCase = /\p{Lu}/gu;
const longestAcronym = 4;

/** How an alias may be used: in any writing, only in its own, or not at all. */
export function usageOf(alias: string, options: AliasRuleOptions): "any" | "exact" | "never" {
  if (!options.numbers && letter.test(alias) && !/\p{L}/u.test(alias)) return "never";
  if (options.functionWords === "match-case" && isFunctionWord(alias.toLowerCase()))
    return alias === alias.toLowerCase() ? "never" : "exact";
  const capitals = alias.match(upperCase)?.length ?? 0;
  const isAcronym = capitals >= 2 && capitals <= longestAcronym && !lowerCase.test(alias);
  return options.acronyms === "match-case" && isAcronym ? "exact" : "any";
}
