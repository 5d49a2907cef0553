import { SafetensorsStream } from "@kgraft/tensor";
import type { EncodedText } from "./encode-texts.ts";

/** What was written, for a person to read. */
export interface HiddenStatesSummary {
  readonly texts: number;
  readonly pieces: number;
  /** Texts that were cut at the length limit, and how many pieces they lost. */
  readonly cutTexts: number;
  readonly cutPieces: number;
}

/**
 * Writes encoded texts into one safetensors file, as they come: `input_ids.<i>` int32 [T_i] and
 * `last_hidden_state.<i>` float32 [T_i, H]; where all layers were kept also `hidden_states.<layer>.<i>`, 0 the embeddings'.
 *
 * @param hiddenSize H
 */
export async function writeHiddenStates(
  path: string,
  texts: AsyncIterable<EncodedText>,
  hiddenSize: number,
): Promise<HiddenStatesSummary> {
  const file = new SafetensorsStream(path);
  const summary = { texts: 0, pieces: 0, cutTexts: 0, cutPieces: 0 };
  try {
    for await (const text of texts) {
      await addText(file, text, hiddenSize);
      summary.texts++;
      summary.pieces += text.ids.length;
      summary.cutTexts += text.truncated > 0 ? 1 : 0;
      summary.cutPieces += text.truncated;
    }
    await file.end();
  } catch (thrown) {
    await file.discard();
    throw thrown;
  }
  return summary;
}

async function addText(
  file: SafetensorsStream,
  { index, ids, states }: EncodedText,
  hiddenSize: number,
): Promise<void> {
  const shape = [ids.length, hiddenSize];
  const last = states.at(-1) as Float32Array;
  await file.add(`input_ids.${index}`, { dtype: "int32", shape: [ids.length], data: ids });
  await file.add(`last_hidden_state.${index}`, { dtype: "float32", shape, data: last });
  if (states.length === 1) return;
  for (const [layer, data] of states.entries())
    await file.add(`hidden_states.${layer}.${index}`, { dtype: "float32", shape, data });
}
