import {
  addParameters,
  encodeTexts,
  type HiddenStatesSummary,
  loadCheckpoint,
  writeHiddenStates,
} from "@kgraft/encoder";
import { type Progress, streams } from "@kgraft/runtime";
import { openBackend, Parameters } from "@kgraft/tensor";
import { readExamples } from "@kgraft/text";
import { untilStopped } from "./stopped.ts";

/** What {@link encodeFile} reads, runs and writes. */
export interface EncodeFileOptions {
  /** A model folder, or `pypi:`, `hf:`, `file:`. */
  readonly model: string;
  /** JSON Lines of `{id, text}`. */
  readonly input: string;
  /** A safetensors file. */
  readonly output: string;
  readonly layers: "last" | "all";
  readonly backend: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the hidden states of the texts of a file: `input_ids.<i>` and `last_hidden_state.<i>` for input line i. */
export async function encodeFile({
  model,
  input,
  output,
  layers,
  backend,
  progress,
  signal,
}: EncodeFileOptions): Promise<HiddenStatesSummary> {
  await openBackend(backend);
  const source = /^(pypi|hf|file):/.test(model) ? model : `file:${model}`;
  const { encoder, tokenizer, weights: stored } = await loadCheckpoint(source, { progress });
  const weights = Parameters.create([], streams(0));
  try {
    await addParameters(weights, encoder.parameters, stored, streams(0), progress);
    const states = encodeTexts(untilStopped(readExamples(input), signal), {
      encoder,
      weights,
      tokenizer,
      layers,
      progress,
    });
    return await writeHiddenStates(output, states, encoder.config.hiddenSize);
  } finally {
    weights.dispose();
  }
}
