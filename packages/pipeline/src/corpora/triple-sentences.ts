import type { Graph } from "@kgraft/kg";
import { collect } from "@kgraft/runtime";
import { markSpans } from "@kgraft/tasks";
import type { Mention, TextExample, TextSpan } from "@kgraft/text";
import { z } from "zod";
import type { CorpusDefinition, CorpusNeeds } from "./corpus-definition.ts";
import { fewrel } from "./fewrel.ts";
import { jsonl } from "./jsonl.ts";
import { wordnetText } from "./wordnet-text.ts";

const sources = { fewrel, jsonl, "wordnet-text": wordnetText } as const;

const choiceOf = (name: keyof typeof sources) =>
  (sources[name].options as z.ZodType as z.ZodObject).extend({ name: z.literal(name) });

const options = z.strictObject({
  of: z
    .discriminatedUnion("name", [choiceOf("fewrel"), choiceOf("jsonl"), choiceOf("wordnet-text")])
    .describe("The corpus that the sentences come from, with its options"),
  maxPairs: z.int().min(1).default(1).describe("Most pairs of mentions taken from a text, in the order of the text"),
  minExamples: z.int().min(1).default(1).describe("Relations with fewer sentences are left out; the paper has 50"),
});

/** Two places of a text, and the relation that the graph or the text's own label says holds between them. */
interface Pair {
  readonly head: TextSpan;
  readonly tail: TextSpan;
  readonly relation: string;
}

/**
 * Sentences that speak of a triple: a text that names two targets and their relation, or one with two linked mentions between
 * which the graph has a triple (distant supervision). Head and tail are marked, and the targets hold their markers.
 *
 * @source official code of K-Adapter's factual adapter: `@ head @`, `# tail #`
 */
export const tripleSentences: CorpusDefinition<z.infer<typeof options>> = {
  name: "triple-sentences",
  summary:
    "Sentences of another corpus that speak of a triple of the graph, head and tail marked, labelled by the relation.",
  options,
  examples: "text",
  async *create({ of: { name, ...own }, maxPairs, minExamples }, needs) {
    const source = sources[name as keyof typeof sources] as CorpusDefinition;
    const sentences = markedSentences(source.create(own, needs), maxPairs, needs);
    yield* minExamples === 1 ? sentences : frequent(await collect(sentences), minExamples, needs);
  },
};

async function* markedSentences(
  texts: AsyncIterable<TextExample>,
  maxPairs: number,
  needs: CorpusNeeds,
): AsyncGenerator<TextExample> {
  for await (const text of texts) {
    const stated = statedPair(text);
    const mentions = text.mentions ?? (stated ? undefined : await (await needs.linker()).link(text.text));
    const pairs = stated ? [stated] : await relatedPairs(mentions ?? [], await needs.graph());
    for (const [index, pair] of pairs.slice(0, maxPairs).entries()) yield marked({ ...text, mentions }, pair, index);
  }
}

function statedPair({ targets, labels = [] }: TextExample): Pair | undefined {
  const [relation] = labels;
  return targets && relation !== undefined ? { head: targets[0], tail: targets[1], relation } : undefined;
}

/** Mentions between which the graph has a triple, in the order of heads. */
async function relatedPairs(mentions: readonly Mention[], graph: Graph): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const head of mentions) {
    const others = mentions.filter((tail) => tail.entity !== head.entity && apart(head, tail));
    if (others.length === 0) continue;
    for (const triple of await graph.neighbours(head.entity, { direction: "out" }))
      for (const tail of others.filter(({ entity }) => entity === triple.tail))
        pairs.push({ head, tail, relation: triple.relation });
  }
  return pairs;
}

const apart = (a: Mention, b: Mention): boolean => a.end <= b.start || b.end <= a.start;

const markers = { head: ["@ ", " @"], tail: ["# ", " #"] } as const;

function marked({ id, text, mentions }: TextExample, { head, tail, relation }: Pair, index: number): TextExample {
  const around = (span: TextSpan, [before, after]: readonly [string, string]) => ({ span, before, after });
  const targets = [head, tail] as const;
  const example = { id: index === 0 ? id : `${id}#${index + 1}`, text, mentions, targets, labels: [relation] };
  const result = markSpans(example, [around(head, markers.head), around(tail, markers.tail)]);
  const [first, second] = result.targets as readonly [TextSpan, TextSpan];
  return { ...result, targets: [withMarkers(first, markers.head), withMarkers(second, markers.tail)] };
}

function withMarkers({ start, end }: TextSpan, [before, after]: readonly [string, string]): TextSpan {
  return { start: start - before.length, end: end + after.length };
}

/** The sentences of relations that have enough of them, and a note about the others. */
function frequent(
  sentences: readonly TextExample[],
  minExamples: number,
  { progress }: CorpusNeeds,
): readonly TextExample[] {
  const counts = new Map<string, number>();
  const relationOf = ({ labels }: TextExample): string => labels?.[0] as string;
  for (const sentence of sentences) counts.set(relationOf(sentence), (counts.get(relationOf(sentence)) ?? 0) + 1);
  const kept = sentences.filter((sentence) => (counts.get(relationOf(sentence)) as number) >= minExamples);
  const rare = [...counts.values()].filter((count) => count < minExamples).length;
  progress.note(
    `triple-sentences: ${kept.length} of ${sentences.length} sentences; ${rare} of ${counts.size} relations have fewer than ${minExamples} and are left out`,
  );
  return kept;
}
