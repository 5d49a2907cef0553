import type { Entity, Graph } from "@kgraft/kg";
import type { Draw } from "@kgraft/runtime";
import type { Mention, TextExample } from "@kgraft/text";
import type { RewrittenExample } from "../contract.ts";
import type { EntityTypes } from "./entity-types.ts";
import { type Replacement, rebuildText } from "./rebuilt-text.ts";

/** What mentions are replaced from. */
export interface ReplacementSource {
  readonly graph: Graph;
  readonly types: EntityTypes;
  /** Entities by type. */
  members(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Share of mentions, at most 0.5. */
  readonly replaceRate: number;
}

/**
 * Replaces a share of an example's mentions: by an entity that shares a type with the original (one of its types at random,
 * then one of the type's other entities, then one of its names), written under another name than the mention was. Of two
 * neighbours never both are replaced.
 *
 * Counts: `mentionsDrawn` to be replaced, and of these `mentionsReplaced`, or left as they are: `mentionsOverlapping`
 * another, `mentionsWithoutType` (the entity has none, or is not in the graph), `mentionsOfLoneType` (no type has another
 * entity), `mentionsWithoutOtherName` (the entity drawn is written as the mention is).
 *
 * @source Xiong et al., ICLR 2020, section 2.2
 */
export async function replaceMentions(
  example: TextExample,
  draw: Draw,
  source: ReplacementSource,
): Promise<RewrittenExample> {
  const mentions = (example.mentions ?? []).toSorted((a, b) => a.start - b.start || b.end - a.end);
  const drawn = drawReplaced(mentions.length, source.replaceRate, draw);
  const chosen = mentions.filter((_, index) => drawn[index]);
  if (chosen.length === 0) return { example };
  await source.graph.prefetch?.(chosen.map(({ entity }) => entity));
  const counts: Record<string, number> = { mentionsDrawn: chosen.length };
  const replacements = new Map<Mention, Replacement>();
  for (const mention of chosen) {
    const surface = example.text.slice(mention.start, mention.end);
    const other = overlaps(mention, mentions) ? "mentionsOverlapping" : await drawOther(mention, surface, draw, source);
    if (typeof other !== "string") replacements.set(mention, other);
    const what = typeof other === "string" ? other : "mentionsReplaced";
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return { example: rebuildText(example, example.mentions ?? [], replacements), counts };
}

/**
 * Draws which of a row of mentions are to be replaced: each with the same chance, and never two neighbours. After one
 * that stays the chance is rate / (1 - rate), so that every place comes to the rate.
 */
function drawReplaced(count: number, rate: number, draw: Draw): readonly boolean[] {
  const drawn: boolean[] = [];
  for (let index = 0; index < count; index++) {
    const chance = index === 0 ? rate : rate / (1 - rate);
    drawn.push(drawn[index - 1] !== true && draw.uniform() < chance);
  }
  return drawn;
}

function overlaps(mention: Mention, mentions: readonly Mention[]): boolean {
  return mentions.some((other) => other !== mention && other.start < mention.end && other.end > mention.start);
}

/** Another entity of the mention's type, or the name of the count that says why there is none. */
async function drawOther(
  { entity }: Mention,
  surface: string,
  draw: Draw,
  { graph, types, members }: ReplacementSource,
): Promise<Replacement | string> {
  const own = await types.of(entity);
  if (own.length === 0) return "mentionsWithoutType";
  const byType = await members();
  const choices = own.map((type) => byType.get(type) ?? []).filter((all) => all.some((id) => id !== entity));
  if (choices.length === 0) return "mentionsOfLoneType";
  const others = choices[draw.integer(choices.length)] as readonly string[];
  let other = entity;
  while (other === entity) other = others[draw.integer(others.length)] as string;
  const names = namesOf(await graph.entity(other), surface);
  if (names.length === 0) return "mentionsWithoutOtherName";
  return { entity: other, name: names[draw.integer(names.length)] as string };
}

/** Label and aliases, each once, but for how the mention is written: models without case would see no difference. */
function namesOf(entity: Entity | undefined, surface: string): readonly string[] {
  const written = new Map<string, string>();
  for (const name of entity === undefined ? [] : [entity.label, ...entity.aliases]) {
    const trimmed = name.trim();
    const key = trimmed.toLowerCase();
    if (key !== "" && key !== surface.trim().toLowerCase() && !written.has(key)) written.set(key, trimmed);
  }
  return [...written.values()];
}
