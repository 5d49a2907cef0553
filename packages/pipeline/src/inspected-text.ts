import { type EncoderConfig, maxLength as positionLimit } from "@kgraft/encoder";
import { type Fusion, type InjectedTriple, type Inspection, prepareExamples } from "@kgraft/fusion";
import type { Prediction } from "@kgraft/tasks";
import { type Candidate, offsetTable, type TextExample, type Tokenizer } from "@kgraft/text";

/** A mention as people read it; offsets count Unicode code points. */
export interface InspectedMention {
  readonly start: number;
  readonly end: number;
  readonly surface: string;
  readonly entity: string;
  readonly score?: number | undefined;
  readonly candidates: readonly Candidate[];
}

/** What a strategy made of a text; a field that it does not use is left out. T pieces. */
export interface InspectedText extends Inspection {
  /** As the model reads it: with a task's markers. */
  readonly text: string;
  /** [T] */
  readonly tokens: readonly string[];
  readonly mentions: readonly InspectedMention[];
  readonly triples: readonly InjectedTriple[];
  readonly prediction?: Omit<Prediction, "id"> | undefined;
  readonly without?: { readonly triple: number; readonly prediction: Omit<Prediction, "id"> } | undefined;
}

/** What turns an example into what the model reads. */
export interface Reader {
  readonly fusion: Fusion;
  readonly tokenizer: Tokenizer;
  readonly encoder: EncoderConfig;
  /** Default: the encoder's own limit. */
  readonly maxLength: number | undefined;
}

/** Lets the strategy prepare an example, and puts down what became of it. */
export async function view(
  example: TextExample,
  { fusion, tokenizer, encoder, maxLength }: Reader,
): Promise<InspectedText> {
  const limit = Math.min(maxLength ?? Number.POSITIVE_INFINITY, positionLimit(encoder));
  const { prepared } = await prepareExamples([example], { tokenizer, fusion, maxLength: limit });
  const [one] = prepared;
  if (one === undefined) throw new Error("an example that was prepared is not there");
  const offsets = offsetTable(example.text);
  return {
    text: example.text,
    tokens: one.encoding.tokens,
    ...fusion.inspect?.(one),
    mentions: (example.mentions ?? []).map(({ start, end, entity, score, candidates = [] }) => ({
      start: offsets.toCodePoints(start),
      end: offsets.toCodePoints(end),
      surface: example.text.slice(start, end),
      entity,
      score,
      candidates,
    })),
    triples: one.triples ?? [],
  };
}
