import type { Draw } from "@kgraft/runtime";
import type { CorpusDocument } from "../corpus/document.ts";
import type { Mention, TextExample, TextSpan } from "../example.ts";

/** Two segments of whole sentences and how they belong together. */
export interface SentencePair {
  /** `text` and `pair` are the segments; mentions are those of the first. */
  readonly example: TextExample;
  readonly label: number;
}

/** How {@link sentencePairs} cuts and draws. */
export interface SentencePairOptions {
  /**
   * `next`: 0 = the second segment follows, 1 = it is from another document. `order`: 0 = as in the text, 1 = swapped.
   * `next-previous-random`: 0 = the second follows, 1 = it stands before, 2 = it is from another document.
   */
  readonly kind: "next" | "order" | "next-previous-random";
  /** Most pieces of both segments together, special tokens not counted. */
  readonly maxPieces: number;
  /** Pieces of a sentence, without special tokens. */
  readonly pieces: (sentence: string) => number;
  /** The document's own stream, e.g. `streams(seed).at("pairs", epoch, document)`. */
  readonly draw: Draw;
  /** Draws another document of the corpus; not called for `order`. */
  readonly other: (draw: Draw) => CorpusDocument | Promise<CorpusDocument>;
  /** Chance that a pair aims at a shorter length, drawn from 2 on. Default 0.1. */
  readonly shortChance?: number;
}

/** Half-open range of sentences. */
interface Segment {
  readonly document: CorpusDocument;
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a document into pairs of segments. Both are never empty; a pair may exceed `maxPieces` by what its last sentences
 * overhang, which `encode` cuts off. A pure function of the documents and the draw.
 *
 * @source Devlin et al., NAACL 2019, create_pretraining_data.py (`next`); Lan et al., ICLR 2020 (`order`); Wang et al.,
 * ICLR 2020 (StructBERT's three classes, a third each). Differs: where `order` (or `previous`) has a single sentence left,
 * it gives no pair, where ALBERT's code takes a random second segment
 */
export async function sentencePairs(document: CorpusDocument, options: SentencePairOptions): Promise<SentencePair[]> {
  const pairs: SentencePair[] = [];
  for (let from = 0; from < document.sentences.length; ) {
    const target = targetLength(options);
    const chunk = grow(document, from, target, options);
    const made = await pairOf(chunk, target, options);
    if (made !== undefined) pairs.push(pairFrom(made, `${document.example.id}#${pairs.length}`));
    from = made?.next ?? chunk.to;
  }
  return pairs;
}

interface MadePair {
  readonly first: Segment;
  readonly second: Segment;
  readonly label: number;
  /** The sentence that the next pair begins with. */
  readonly next: number;
}

async function pairOf(chunk: Segment, target: number, options: SentencePairOptions): Promise<MadePair | undefined> {
  const { draw, kind } = options;
  const { document, from, to } = chunk;
  const alone = to - from === 1;
  const cut = alone ? to : from + 1 + draw.integer(to - from - 1);
  const [first, second] = [
    { document, from, to: cut },
    { document, from: cut, to },
  ];
  const classes = kind === "next-previous-random" ? 3 : 2;
  const label = alone && kind === "next" ? 1 : draw.integer(classes);
  if (kind === "order" || label < classes - 1) {
    if (alone) return undefined;
    return label === 1 ? { first: second, second: first, label, next: to } : { first, second, label, next: to };
  }
  const other = await options.other(draw);
  if (other.sentences.length === 0) return undefined;
  const start = draw.integer(other.sentences.length);
  const random = grow(other, start, Math.max(1, target - lengthOf(first, options)), options);
  return { first, second: random, label, next: cut };
}

function targetLength({ maxPieces, draw, shortChance = 0.1 }: SentencePairOptions): number {
  return draw.uniform() < shortChance ? Math.min(maxPieces, 2 + draw.integer(Math.max(1, maxPieces - 1))) : maxPieces;
}

/** Sentences from one on, until there are as many pieces as wanted or the document ends; at least one. */
function grow(document: CorpusDocument, from: number, target: number, options: SentencePairOptions): Segment {
  let to = from;
  for (let length = 0; to < document.sentences.length && length < target; to++)
    length += options.pieces(sentenceOf(document, to));
  return { document, from, to: Math.max(to, from + 1) };
}

function lengthOf({ document, from, to }: Segment, { pieces }: SentencePairOptions): number {
  let length = 0;
  for (let i = from; i < to; i++) length += pieces(sentenceOf(document, i));
  return length;
}

function sentenceOf({ example, sentences }: CorpusDocument, index: number): string {
  const { start, end } = sentences[index] as TextSpan;
  return example.text.slice(start, end);
}

function spanOf({ document: { sentences }, from, to }: Segment): TextSpan {
  return { start: (sentences[from] as TextSpan).start, end: (sentences[to - 1] as TextSpan).end };
}

function pairFrom({ first, second, label }: MadePair, id: string): SentencePair {
  const [a, b] = [spanOf(first), spanOf(second)];
  const { text, mentions } = first.document.example;
  const within = mentions?.filter(({ start, end }) => start >= a.start && end <= a.end);
  const moved = within?.map(
    (mention): Mention => ({
      ...mention,
      start: mention.start - a.start,
      end: mention.end - a.start,
    }),
  );
  const example: TextExample = {
    id,
    text: text.slice(a.start, a.end),
    pair: second.document.example.text.slice(b.start, b.end),
    ...(moved !== undefined && { mentions: moved }),
  };
  return { example, label };
}
