import type { Graph } from "@kgraft/kg";
import type { LabelledSpan, TextExample } from "@kgraft/text";

/**
 * Finds entities as a dictionary does: the longest label of the graph at each place of the text, left to right. What the
 * graph says of a label (its entity's types, and what it is the head of) becomes a type as training spans of that text
 * teach: the type that most of them have. Learns nothing else: it is what the graph alone knows.
 *
 * @returns spans of each example, UTF-16 offsets
 */
export async function dictionaryMatch(
  graph: Graph,
  train: readonly TextExample[],
  examples: readonly TextExample[],
): Promise<readonly (readonly LabelledSpan[])[]> {
  const said = await dictionaryOf(graph);
  const typeOf = learnTypes(said, train);
  const longest = Math.max(0, ...Array.from(said.keys(), (label) => label.length));
  return examples.map(({ text }) => matches(text, longest, (words) => typeOf(said.get(words) ?? [])));
}

/** What the graph says of each label. */
async function dictionaryOf(graph: Graph): Promise<ReadonlyMap<string, readonly string[]>> {
  const said = new Map<string, string[]>();
  for await (const { id, label, types } of graph.entities()) {
    const tails = await graph.neighbours(id, { direction: "out" });
    const facts = [...types, ...tails.map(({ tail }) => tail)];
    if (facts.length > 0) said.set(label, [...(said.get(label) ?? []), ...facts]);
  }
  return said;
}

type TypeOf = (facts: readonly string[]) => string | undefined;

function learnTypes(said: ReadonlyMap<string, readonly string[]>, train: readonly TextExample[]): TypeOf {
  const counts = new Map<string, Map<string, number>>();
  for (const { text, spans = [] } of train)
    for (const { start, end, label } of spans)
      for (const fact of said.get(text.slice(start, end)) ?? []) {
        const types = counts.get(fact) ?? new Map<string, number>();
        counts.set(fact, types.set(label, (types.get(label) ?? 0) + 1));
      }
  return (facts) => {
    const votes = facts.flatMap((fact) => [...(counts.get(fact) ?? [])]);
    return votes.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0];
  };
}

function matches(text: string, longest: number, typeOf: (words: string) => string | undefined): LabelledSpan[] {
  const spans: LabelledSpan[] = [];
  for (let start = 0; start < text.length; ) {
    const found = longestAt(text, start, longest, typeOf);
    if (found !== undefined) spans.push(found);
    start = found?.end ?? start + 1;
  }
  return spans;
}

function longestAt(
  text: string,
  start: number,
  longest: number,
  typeOf: (words: string) => string | undefined,
): LabelledSpan | undefined {
  for (let end = Math.min(text.length, start + longest); end > start; end--) {
    const label = typeOf(text.slice(start, end));
    if (label !== undefined) return { start, end, label };
  }
  return undefined;
}
