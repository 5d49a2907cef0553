import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, batchArrays, collateExamples, type PreparedText } from "@kgraft/fusion";
import type { Progress } from "@kgraft/runtime";
import { type HostArray, inference, tf, type Weights } from "@kgraft/tensor";
import { forward } from "./forward.ts";
import { TextBatches } from "./text-batches.ts";

/** The hidden states of one example. */
export interface ExampleStates {
  readonly example: PreparedText;
  /** float32 [T_i, H] by layer, in the order asked for. */
  readonly states: readonly Float32Array[];
}

/** Most pieces, padding included, that are run at once. */
const batchTokens = 4096;

/**
 * Runs embeddings and the lowest layers of the plain encoder, batch by batch of like length, and yields each example's
 * inputs to the layers asked for.
 *
 * @param layers ascending, at least one; L is what the last layer gives
 */
export async function* lowerStates(
  encoder: TransformerEncoder,
  weights: Weights,
  prepared: readonly PreparedText[],
  { layers, progress }: { readonly layers: readonly number[]; readonly progress: Progress },
): AsyncGenerator<ExampleStates> {
  const size = encoder.config.hiddenSize;
  const to = layers.at(-1) as number;
  const bar = progress.bar(`Hidden states below layer ${to}`, prepared.length);
  let done = 0;
  for (const { examples, length } of new TextBatches(prepared, { batchTokens }).plan()) {
    const { arrays } = collateExamples(examples, length, {});
    const hidden = await statesOfBatch(encoder, weights, arrays, layers);
    for (const [row, example] of examples.entries()) {
      const own = (at: number): Float32Array => {
        const start = (at * examples.length + row) * length * size;
        return hidden.subarray(start, start + example.encoding.ids.length * size);
      };
      yield { example, states: layers.map((_, at) => own(at)) };
    }
    done += examples.length;
    bar.update(done);
  }
  bar.end();
}

/**
 * Runs embeddings and the lowest layers of the plain encoder on a batch, in inference mode.
 *
 * @param layers ascending, at least one
 * @returns float32 [layers, B, T, H], row-major
 */
export function statesOfBatch(
  encoder: TransformerEncoder,
  weights: Weights,
  arrays: Readonly<Record<string, HostArray>>,
  layers: readonly number[],
): Promise<Float32Array> {
  const names = [batchArrays.inputIds, batchArrays.typeIds, batchArrays.attentionMask];
  const read = Object.fromEntries(names.map((name) => [name, arrays[name] as HostArray]));
  return forward(read, {}, (batch) => {
    const input = {
      ids: arrayOf(batch, batchArrays.inputIds),
      typeIds: arrayOf(batch, batchArrays.typeIds),
      attentionMask: arrayOf(batch, batchArrays.attentionMask),
    };
    const range = { to: layers.at(-1) as number };
    const { states } = encoder.run(weights, input, inference, { range, keepStates: true });
    return tf.stack(layers.map((layer) => states[layer] as tf.Tensor));
  });
}
