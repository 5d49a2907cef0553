import { type Progress, silent } from "@kgraft/runtime";
import { inference, tf, type Weights } from "@kgraft/tensor";
import type { TextExample, Tokenizer } from "@kgraft/text";
import type { TransformerEncoder } from "../contract.ts";
import { checkInput, maxLength } from "../input-check.ts";

/** The hidden states of one text, without padding. */
export interface EncodedText {
  /** Place in the input, from 0. */
  readonly index: number;
  readonly id: string;
  /** int32 [T_i] */
  readonly ids: Int32Array;
  /** float32 [T_i, H] each: the last layer's alone, or the embeddings' and every layer's. */
  readonly states: readonly Float32Array[];
  /** Pieces that the length limit cut off. */
  readonly truncated: number;
}

/** What {@link encodeTexts} runs, and how. */
export interface EncodeTextsOptions {
  readonly encoder: TransformerEncoder;
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
  /** Which states are kept; default `last`. */
  readonly layers?: "last" | "all";
  /** Most pieces of a text, special ones included; default the model's limit. */
  readonly maxLength?: number;
  /** Most pieces of a batch, padding included. */
  readonly batchTokens?: number;
  readonly progress?: Progress;
}

interface Tokenized {
  readonly index: number;
  readonly id: string;
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  readonly truncated: number;
}

const defaultBatchTokens = 4096;
/** How many batches of texts are sorted by length among each other; bounds memory. */
const windowBatches = 8;

/**
 * Computes hidden states of texts as they come: batched by length within a window, given back in the order of the input.
 * Memory holds one window, whatever the number of texts.
 *
 * @throws InputError `encoder.input.…` where the tokenizer gives what the model has no row for
 */
export async function* encodeTexts(
  examples: AsyncIterable<TextExample> | Iterable<TextExample>,
  options: EncodeTextsOptions,
): AsyncGenerator<EncodedText> {
  const { batchTokens = defaultBatchTokens, progress = silent } = options;
  const bar = progress.bar("Encoding texts", 0);
  let done = 0;
  try {
    for await (const window of windows(examples, options, batchTokens * windowBatches)) {
      const finished: EncodedText[] = [];
      for (const batch of lengthBatches(window, batchTokens)) finished.push(...(await encodeBatch(batch, options)));
      yield* finished.sort((a, b) => a.index - b.index);
      done += window.length;
      bar.update(done);
    }
  } finally {
    bar.end(`${done} texts`);
  }
}

async function* windows(
  examples: AsyncIterable<TextExample> | Iterable<TextExample>,
  { encoder, tokenizer, maxLength: longest = maxLength(encoder.config) }: EncodeTextsOptions,
  most: number,
): AsyncGenerator<Tokenized[]> {
  let window: Tokenized[] = [];
  let pieces = 0;
  let index = 0;
  for await (const { id, text, pair } of examples) {
    const { ids, typeIds, truncated } = tokenizer.encode(text, pair, { maxLength: longest });
    const maxId = ids.reduce((most, piece) => Math.max(most, piece), 0);
    checkInput(encoder.config, { length: ids.length, maxId }, `text "${id}"`);
    window.push({ index: index++, id, ids, typeIds, truncated });
    pieces += ids.length;
    if (pieces < most) continue;
    yield window;
    window = [];
    pieces = 0;
  }
  if (window.length > 0) yield window;
}

/** Cuts a window into batches of like length, longest first. */
function* lengthBatches(window: readonly Tokenized[], batchTokens: number): Generator<Tokenized[]> {
  const sorted = window.toSorted((a, b) => b.ids.length - a.ids.length || a.index - b.index);
  for (let start = 0; start < sorted.length; ) {
    const rows = Math.max(1, Math.floor(batchTokens / Math.max(1, sorted[start]?.ids.length ?? 1)));
    yield sorted.slice(start, start + rows);
    start += rows;
  }
}

async function encodeBatch(
  batch: readonly Tokenized[],
  { encoder, weights, layers }: EncodeTextsOptions,
): Promise<EncodedText[]> {
  const length = Math.max(...batch.map(({ ids }) => ids.length));
  const size = encoder.config.hiddenSize;
  if (length === 0) return batch.map((text) => encoded(text, [new Float32Array(0)]));
  const states = tf.tidy(() => {
    const run = encoder.run(weights, paddedInput(batch, length, encoder.config.padTokenId), inference, {
      keepStates: layers === "all",
    });
    return layers === "all" ? [...run.states] : [run.stream.hidden];
  });
  const values = await Promise.all(states.map((state) => state.data<"float32">()));
  tf.dispose(states);
  return batch.map((text, row) => {
    const start = row * length * size;
    const own = values.map((state) => state.slice(start, start + text.ids.length * size));
    return encoded(text, own);
  });
}

const encoded = ({ index, id, ids, truncated }: Tokenized, states: readonly Float32Array[]): EncodedText => ({
  index,
  id,
  ids,
  states,
  truncated,
});

function paddedInput(batch: readonly Tokenized[], length: number, padId: number) {
  const shape: [number, number] = [batch.length, length];
  const ids = new Int32Array(batch.length * length).fill(padId);
  const typeIds = new Int32Array(batch.length * length);
  const mask = new Uint8Array(batch.length * length);
  for (const [row, text] of batch.entries()) {
    ids.set(text.ids, row * length);
    typeIds.set(text.typeIds, row * length);
    mask.fill(1, row * length, row * length + text.ids.length);
  }
  return {
    ids: tf.tensor(ids, shape, "int32"),
    typeIds: tf.tensor(typeIds, shape, "int32"),
    attentionMask: tf.tensor(mask, shape, "bool"),
  };
}
