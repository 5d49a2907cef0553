import type { FusedEncoder, PreparedText } from "@kgraft/fusion";
import { InputError, type Streams } from "@kgraft/runtime";
import type { TextExample, Tokenizer } from "@kgraft/text";
import { prepareTexts } from "../prepared-texts.ts";

/** What {@link PretrainingTexts} reads a corpus with. */
export interface PretrainingTextOptions {
  readonly model: FusedEncoder;
  readonly tokenizer: Tokenizer;
  /** Most pieces, special tokens included. */
  readonly maxLength: number;
  readonly streams: Streams;
}

/**
 * A corpus as pre-training reads it, by place. Where the strategy rewrites, an example is prepared anew for each epoch, as
 * its stream of seed, epoch and place says; otherwise it is prepared once.
 */
export class PretrainingTexts {
  /** Places of the texts that have pieces of their own. */
  readonly places: readonly number[];
  /** Pieces of each of those as the text itself has them: the same under every strategy. */
  readonly lengths: Int32Array;
  /** What happens to the mentions of the corpus in its first epoch, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Whether each epoch has examples of its own. */
  readonly rewritten: boolean;
  /** No example is longer, in pieces. */
  readonly longest: number;
  readonly #examples: readonly TextExample[];
  readonly #options: PretrainingTextOptions;
  readonly #kept: readonly PreparedText[] | undefined;

  private constructor(
    examples: readonly TextExample[],
    options: PretrainingTextOptions,
    { prepared, counts }: Awaited<ReturnType<typeof prepareTexts>>,
  ) {
    const { model, tokenizer, maxLength } = options;
    this.rewritten = model.fusion.rewrite !== undefined;
    this.#examples = examples;
    this.#options = options;
    this.#kept = this.rewritten ? undefined : prepared;
    this.counts = counts;
    this.longest = this.rewritten
      ? maxLength
      : prepared.reduce((most, { encoding }) => Math.max(most, encoding.ids.length), 0);
    const plain = examples.map(({ text, pair }) => tokenizer.encode(text, pair, { maxLength }));
    this.places = plain.flatMap(({ sequenceIds }, place) => (sequenceIds.some((one) => one >= 0) ? [place] : []));
    this.lengths = Int32Array.from(this.places, (place) => plain[place]?.ids.length ?? 0);
  }

  /** @throws InputError `tasks.pretrain.empty` where no text has a piece */
  static async read(examples: readonly TextExample[], options: PretrainingTextOptions): Promise<PretrainingTexts> {
    const texts = new PretrainingTexts(examples, options, await prepared(examples, options, (place) => [0, place]));
    if (texts.places.length === 0) throw empty(examples.length);
    return texts;
  }

  /** The example at a place of the corpus, as an epoch reads it. */
  async at(epoch: number, place: number): Promise<PreparedText> {
    const kept = this.#kept?.[place];
    if (kept !== undefined) return kept;
    const made = await prepared([this.#examples[place] as TextExample], this.#options, () => [epoch, place]);
    return made.prepared[0] as PreparedText;
  }
}

function prepared(
  examples: readonly TextExample[],
  { streams, ...options }: PretrainingTextOptions,
  counterOf: (index: number) => readonly [epoch: number, place: number],
): ReturnType<typeof prepareTexts> {
  return prepareTexts(examples, { ...options, drawFor: (index) => streams.at("rewriting", ...counterOf(index)) });
}

function empty(texts: number): InputError {
  return new InputError({
    code: "tasks.pretrain.empty",
    at: "pretrain",
    problem: texts === 0 ? "the corpus has no text" : `all ${texts} texts of the corpus are empty`,
    wanted: "Wanted text to train on",
  });
}
