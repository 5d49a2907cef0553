import { checkInput, maxLength as positionLimit } from "@kgraft/encoder";
import { type FusedEncoder, type PreparedText, prepareExamples } from "@kgraft/fusion";
import type { Draw } from "@kgraft/runtime";
import type { TextExample, Tokenizer } from "@kgraft/text";

/** Examples as the model reads them, and what happened to them on the way, by name. */
export interface PreparedTexts {
  readonly prepared: readonly PreparedText[];
  /** The strategy's counts of links, and `truncatedExamples` and `truncatedPieces`, cut off by the length limit. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What {@link prepareTexts} reads the examples with. */
export interface PrepareTextsOptions {
  readonly model: FusedEncoder;
  readonly tokenizer: Tokenizer;
  /** Most pieces, special tokens included; the encoder's own limit holds besides. */
  readonly maxLength: number;
  /** Pre-training only. */
  readonly drawFor?: ((index: number) => Draw) | undefined;
}

/**
 * Tokenises examples, lets the strategy add its knowledge, and checks that the encoder has rows for all of it.
 *
 * @throws InputError `encoder.input.…` naming the example where it has not
 */
export async function prepareTexts(
  examples: readonly TextExample[],
  { model, tokenizer, maxLength, drawFor }: PrepareTextsOptions,
): Promise<PreparedTexts> {
  const { config } = model.encoder;
  const { prepared, counts } = await prepareExamples(examples, {
    tokenizer,
    maxLength: Math.min(maxLength, positionLimit(config)),
    fusion: model.fusion,
    drawFor,
  });
  let [truncatedExamples, truncatedPieces] = [0, 0];
  for (const { example, encoding } of prepared) {
    const maxId = encoding.ids.reduce((most, id) => Math.max(most, id), 0);
    const maxTypeId = encoding.typeIds.reduce((most, id) => Math.max(most, id), 0);
    checkInput(config, { length: encoding.ids.length, maxId, maxTypeId }, `example "${example.id}"`);
    if (encoding.truncated > 0) truncatedExamples++;
    truncatedPieces += encoding.truncated;
  }
  return { prepared, counts: { ...counts, truncatedExamples, truncatedPieces } };
}
