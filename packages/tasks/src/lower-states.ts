import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, batchArrays, collateExamples, type PreparedText } from "@kgraft/fusion";
import type { Progress } from "@kgraft/runtime";
import { inference, type Weights } from "@kgraft/tensor";
import { forward } from "./forward.ts";
import { TextBatches } from "./text-batches.ts";

/** The hidden states of one example. */
export interface ExampleStates {
  readonly example: PreparedText;
  /** float32 [T_i, H] */
  readonly states: Float32Array;
}

/** Most pieces, padding included, that are run at once. */
const batchTokens = 4096;

/**
 * Runs embeddings and layers below one through the plain encoder, batch by batch of like length, and yields each example's
 * input to that layer.
 */
export async function* lowerStates(
  encoder: TransformerEncoder,
  weights: Weights,
  prepared: readonly PreparedText[],
  { layer, progress }: { readonly layer: number; readonly progress: Progress },
): AsyncGenerator<ExampleStates> {
  const size = encoder.config.hiddenSize;
  const bar = progress.bar(`Hidden states below layer ${layer}`, prepared.length);
  let done = 0;
  for (const { examples, length } of new TextBatches(prepared, { batchTokens }).plan()) {
    const { arrays } = collateExamples(examples, length, {});
    const hidden = await forward(arrays, {}, (batch) => {
      const input = {
        ids: arrayOf(batch, batchArrays.inputIds),
        typeIds: arrayOf(batch, batchArrays.typeIds),
        attentionMask: arrayOf(batch, batchArrays.attentionMask),
      };
      return encoder.run(weights, input, inference, { range: { to: layer } }).stream.hidden; // [B, T, H]
    });
    for (const [row, example] of examples.entries()) {
      const start = row * length * size;
      yield { example, states: hidden.subarray(start, start + example.encoding.ids.length * size) };
    }
    done += examples.length;
    bar.update(done);
  }
  bar.end();
}
