import { collect, InputError } from "@kgraft/runtime";
import { type FewrelInstance, type FewrelMention, fewrelInstances } from "./instances.ts";
import { divideFewrel, type FewrelPart, type FewrelSplit } from "./split.ts";

/** A sentence with its pair as targets and, being given, as mentions; the relation is its label. */
export interface FewrelExample {
  readonly id: string;
  readonly text: string;
  readonly mentions: readonly { readonly start: number; readonly end: number; readonly entity: string }[];
  readonly targets: readonly [Place, Place];
  readonly labels: readonly [string];
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads FewRel as supervised relation classification, divided into parts.
 *
 * @throws InputError with file, relation and number for an instance whose positions lie outside its tokens
 */
export async function fewrelExamples(
  path: string,
  split: FewrelSplit,
): Promise<Readonly<Record<FewrelPart, readonly FewrelExample[]>>> {
  const { train, validation, test } = divideFewrel(await collect(fewrelInstances(path)), split);
  return { train: train.map(exampleOf), validation: validation.map(exampleOf), test: test.map(exampleOf) };
}

function exampleOf({ key, relation, tokens, head, tail, at }: FewrelInstance): FewrelExample {
  const ends: number[] = [];
  for (const token of tokens) ends.push((ends.at(-1) ?? -1) + 1 + token.length);
  const place = (mention: FewrelMention): Place => {
    const [first, last] = [mention.tokens[0], mention.tokens.at(-1)];
    if (first === undefined || last === undefined || ends[first] === undefined || ends[last] === undefined)
      throw new InputError({
        code: "kg.fewrel.positions",
        at,
        problem: `${mention.id} stands at ${JSON.stringify(mention.tokens)} of ${tokens.length} tokens`,
        wanted: "Wanted positions of tokens, counted from 0",
      });
    return { start: (ends[first] as number) - (tokens[first]?.length ?? 0), end: ends[last] as number };
  };
  const targets = [place(head), place(tail)] as const;
  const mentions = [
    { ...targets[0], entity: head.id },
    { ...targets[1], entity: tail.id },
  ];
  return {
    id: `${relation}-${key.slice(0, 16)}`,
    text: tokens.join(" "),
    mentions: mentions.sort((a, b) => a.start - b.start),
    targets,
    labels: [relation],
  };
}
