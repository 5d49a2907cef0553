import { InputError } from "@kgraft/runtime";

/**
 * Writes a label, relationship type or property name so that Cypher reads it as that name and nothing else: in backticks,
 * backticks doubled. Neo4j resolves `\uXXXX` before it parses, so the backslash of such a sequence is written as one.
 *
 * Every name in every query goes through here; values travel as parameters.
 *
 * @throws InputError `kg.neo4j.name` for an empty name or one with a zero character, which Neo4j does not have
 */
export function escapeName(name: string): string {
  if (name === "" || name.includes("\0"))
    throw new InputError({
      code: "kg.neo4j.name",
      at: "kg.neo4j",
      problem: `${JSON.stringify(name)} cannot be the name of a label, relationship type or property`,
      wanted: "Wanted one character or more, none of them zero",
    });
  return `\`${name.replace(/(?<!\\)((?:\\\\)*)\\(?=u)/g, "$1\\u005C").replaceAll("`", "``")}\``;
}
