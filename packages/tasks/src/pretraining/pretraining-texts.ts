import type { FusedEncoder, PreparedText } from "@kgraft/fusion";
import { InputError, type Streams } from "@kgraft/runtime";
import type { SentencePairOptions, TextExample, Tokenizer } from "@kgraft/text";
import { prepareTexts } from "../prepared-texts.ts";
import { SentencePairTexts } from "./sentence-pair-texts.ts";

/** Texts by number: an array, or files that are read where they are asked for. */
export interface TextSource {
  readonly length: number;
  /** @param index 0 … length - 1 */
  at(index: number): TextExample | undefined | Promise<TextExample>;
}

/** What {@link PretrainingTexts} reads a corpus with. */
export interface PretrainingTextOptions {
  readonly model: FusedEncoder;
  readonly tokenizer: Tokenizer;
  /** Most pieces, special tokens included. */
  readonly maxLength: number;
  readonly streams: Streams;
  /** Which pairs of segments documents are cut into; absent: a text is an example as it stands. */
  readonly pairs?: SentencePairOptions["kind"] | undefined;
}

/** The examples of an epoch, by their length. */
export interface EpochTexts {
  /** Names of the examples: draws for an example are made by it, and {@link PretrainingTexts.at} finds it by it. */
  readonly places: Int32Array;
  /** Pieces of each as the text itself has them: the same under every strategy. */
  readonly lengths: Int32Array;
}

/**
 * A corpus as pre-training reads it. An example is prepared when its batch is made; where the strategy rewrites, or documents
 * are cut into pairs, that is different in each epoch, as streams of seed, epoch and place say. Of a text, only numbers are
 * held (and where the corpus is in memory anyway, what the strategy made of it).
 */
export class PretrainingTexts {
  /** What happens to the mentions of the corpus in its first epoch, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Whether each epoch has examples of its own. */
  readonly rewritten: boolean;
  /** No example is longer, in pieces. */
  readonly longest: number;
  readonly #options: PretrainingTextOptions;
  readonly #texts: EpochReader;
  readonly #kept: readonly PreparedText[] | undefined;
  #last: { readonly epoch: number; readonly texts: EpochTexts };

  private constructor(options: PretrainingTextOptions, reader: EpochReader, first: FirstPass) {
    const { model, maxLength, pairs } = options;
    this.#options = options;
    this.#texts = reader;
    this.#last = { epoch: 0, texts: first.texts };
    this.#kept = first.kept;
    this.rewritten = model.fusion.rewrite !== undefined || pairs !== undefined;
    this.counts = first.counts;
    this.longest = this.rewritten ? maxLength : first.longest;
  }

  /** @throws InputError `tasks.pretrain.empty` where no text has a piece */
  static async read(source: TextSource, options: PretrainingTextOptions): Promise<PretrainingTexts> {
    const reader = epochReader(source, options);
    const first = await firstPass(reader, options, Array.isArray(source));
    if (first.texts.places.length === 0) throw empty(source.length);
    return new PretrainingTexts(options, reader, first);
  }

  /** Whether examples are prepared once and held, the same objects in every epoch. */
  get held(): boolean {
    return this.#kept !== undefined;
  }

  /** The examples of an epoch that have pieces of their own. */
  async epoch(epoch: number): Promise<EpochTexts> {
    if (this.#options.pairs !== undefined && this.#last.epoch !== epoch)
      this.#last = { epoch, texts: await lengthsOf(this.#texts, epoch, this.#options) };
    return this.#last.texts;
  }

  /** The example of a place, as an epoch reads it. */
  async at(epoch: number, place: number): Promise<PreparedText> {
    const kept = this.#kept?.[place];
    return kept ?? (await prepare(await this.#texts.at(epoch, place), this.#options, epoch, place)).prepared;
  }
}

/** The examples of an epoch, one after another and by place. */
interface EpochReader {
  all(epoch: number): AsyncIterable<TextExample>;
  at(epoch: number, place: number): Promise<TextExample>;
}

function epochReader(
  source: TextSource,
  { pairs, tokenizer, maxLength, streams }: PretrainingTextOptions,
): EpochReader {
  if (pairs !== undefined)
    return pairReader(source.length, new SentencePairTexts(source, { kind: pairs, tokenizer, maxLength, streams }));
  const at = async (_: number, place: number): Promise<TextExample> => (await source.at(place)) as TextExample;
  return {
    at,
    async *all() {
      for (let place = 0; place < source.length; place++) yield at(0, place);
    },
  };
}

/** Pairs are numbered in the order of their documents. */
function pairReader(documents: number, pairs: SentencePairTexts): EpochReader {
  let starts: { readonly epoch: number; readonly before: Int32Array } | undefined;
  return {
    async *all(epoch) {
      const before = new Int32Array(documents + 1);
      for (let document = 0; document < documents; document++) {
        const cut = await pairs.of(epoch, document);
        before[document + 1] = (before[document] as number) + cut.length;
        yield* cut;
      }
      starts = { epoch, before };
    },
    async at(epoch, place) {
      if (starts?.epoch !== epoch) for await (const _ of this.all(epoch));
      const before = (starts as NonNullable<typeof starts>).before;
      const document = lastAtMost(before, place);
      return (await pairs.of(epoch, document))[place - (before[document] as number)] as TextExample;
    },
  };
}

/** The last index whose value is at most the one asked for, of ascending values. */
function lastAtMost(values: Int32Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((values[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

interface FirstPass {
  readonly texts: EpochTexts;
  readonly counts: Readonly<Record<string, number>>;
  readonly longest: number;
  readonly kept: readonly PreparedText[] | undefined;
}

/** Prepares the first epoch once: its lengths, what happens to its mentions, and whether the encoder has rows for all of it. */
async function firstPass(reader: EpochReader, options: PretrainingTextOptions, inMemory: boolean): Promise<FirstPass> {
  const { model, pairs } = options;
  const kept: PreparedText[] | undefined =
    inMemory && pairs === undefined && model.fusion.rewrite === undefined ? [] : undefined;
  const counts: Record<string, number> = {};
  const lengths = new LengthList();
  let longest = 0;
  let place = 0;
  for await (const example of reader.all(0)) {
    lengths.add(example, place, options);
    const { prepared, counts: own } = await prepare(example, options, 0, place++);
    for (const [name, count] of Object.entries(own)) counts[name] = (counts[name] ?? 0) + count;
    longest = Math.max(longest, prepared.encoding.ids.length);
    kept?.push(prepared);
  }
  return { texts: lengths.texts(), counts, longest, kept };
}

async function lengthsOf(reader: EpochReader, epoch: number, options: PretrainingTextOptions): Promise<EpochTexts> {
  const lengths = new LengthList();
  let place = 0;
  for await (const example of reader.all(epoch)) lengths.add(example, place++, options);
  return lengths.texts();
}

/** Places and lengths of the examples that have pieces of their own. */
class LengthList {
  readonly #places: number[] = [];
  readonly #lengths: number[] = [];

  add({ text, pair }: TextExample, place: number, { tokenizer, maxLength }: PretrainingTextOptions): void {
    const { ids, sequenceIds } = tokenizer.encode(text, pair, { maxLength });
    if (!sequenceIds.some((sequence) => sequence >= 0)) return;
    this.#places.push(place);
    this.#lengths.push(ids.length);
  }

  texts(): EpochTexts {
    return { places: Int32Array.from(this.#places), lengths: Int32Array.from(this.#lengths) };
  }
}

async function prepare(
  example: TextExample,
  { streams, ...options }: PretrainingTextOptions,
  epoch: number,
  place: number,
): Promise<{ readonly prepared: PreparedText; readonly counts: Readonly<Record<string, number>> }> {
  const drawFor = () => streams.at("rewriting", epoch, place);
  const { prepared, counts } = await prepareTexts([example], { ...options, drawFor });
  return { prepared: prepared[0] as PreparedText, counts };
}

function empty(texts: number): InputError {
  return new InputError({
    code: "tasks.pretrain.empty",
    at: "pretrain",
    problem: texts === 0 ? "the corpus has no text" : `all ${texts} texts of the corpus are empty`,
    wanted: "Wanted text to train on",
  });
}
