import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf } from "@kgraft/tensor";
import { loadTokenizer, type TextExample, type Tokenizer } from "@kgraft/text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFolder, readArrays } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import {
  addParameters,
  type Checkpoint,
  createEncoder,
  type EncodedText,
  encodeTexts,
  loadCheckpoint,
  maxLength,
  writeHiddenStates,
} from "../index.ts";

let root: string;
let model: Checkpoint;
let weights: Parameters;
let tokenizer: Tokenizer;

beforeAll(async () => {
  await openBackend("wasm");
  root = await mkdtemp(join(tmpdir(), "kgraft-encode-"));
  await writeFile(join(root, "tokenizer.json"), tinyTokenizerJson());
  tokenizer = await loadTokenizer(join(root, "tokenizer.json"));
  model = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
  weights = new Parameters();
  await addParameters(weights, model.encoder.parameters, model.weights, streams(1), silent);
});
afterAll(async () => {
  weights.dispose();
  await rm(root, { recursive: true, force: true });
});

/** Texts of many lengths, some longer than the model's 64 pieces, one empty, one pair. */
function* texts(count: number): Generator<TextExample> {
  const draw = streams(9).at("texts");
  for (let i = 0; i < count; i++) {
    const length = i === 3 ? 0 : i === 5 ? 80 : 1 + draw.integer(30);
    const text = Array.from({ length }, () => String.fromCharCode(97 + draw.integer(26))).join(i % 2 ? "" : " ");
    yield { id: `t${i}`, text, ...(i === 7 && { pair: "b c" }) };
  }
}

const options = () => ({ encoder: model.encoder, weights, tokenizer });

async function all(source: AsyncIterable<EncodedText>): Promise<EncodedText[]> {
  const found: EncodedText[] = [];
  for await (const text of source) found.push(text);
  return found;
}

describe("encodeTexts", () => {
  it("gives each text its own hidden states, in the order of the input, whatever the batches", async () => {
    const found = await all(encodeTexts(texts(40), { ...options(), batchTokens: 100 }));
    expect(found.map(({ id }) => id)).toEqual([...texts(40)].map(({ id }) => id));
    for (const [i, { text, pair }] of [...texts(40)].entries()) {
      const { ids, typeIds, truncated } = tokenizer.encode(text, pair, { maxLength: 64 });
      const one = found[i] as EncodedText;
      expect([one.index, one.ids, one.truncated]).toEqual([i, ids, truncated]);
      const alone = tf.tidy(() => {
        const input = {
          ids: tf.tensor2d(ids, [1, ids.length], "int32"),
          typeIds: tf.tensor2d(typeIds, [1, ids.length], "int32"),
          attentionMask: tf.cast(tf.ones([1, ids.length]), "bool"),
        };
        return model.encoder.run(weights, input, inference).stream.hidden.dataSync();
      });
      expect(one.states).toHaveLength(1);
      expect(one.states[0]).toHaveLength(alone.length);
      expect(
        Math.max(...Array.from(alone, (value, j) => Math.abs(value - (one.states[0]?.[j] as number)))),
      ).toBeLessThan(1e-5);
    }
    expect(found[5]?.truncated).toBeGreaterThan(0);
    expect(found[5]?.ids).toHaveLength(maxLength(model.encoder.config));
  });

  it("leaves no tensor behind, and reads ahead one window only", async () => {
    const before = tf.memory().numTensors;
    let read = 0;
    let given = 0;
    let widest = 0;
    function* counted(): Generator<TextExample> {
      for (const text of texts(600)) {
        read++;
        widest = Math.max(widest, read - given);
        yield text;
      }
    }
    for await (const _ of encodeTexts(counted(), { ...options(), batchTokens: 64 })) given++;
    expect(given).toBe(600);
    expect(widest).toBeLessThan(150);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("writes them under the names of the format, the last layer or all", async () => {
    const path = join(root, "out", "states.safetensors");
    const summary = await writeHiddenStates(path, encodeTexts(texts(9), options()), 32);
    const found = await all(encodeTexts(texts(9), { ...options(), layers: "all" }));
    const cut = found.filter(({ truncated }) => truncated > 0);
    expect(summary).toEqual({
      texts: 9,
      pieces: found.reduce((sum, { ids }) => sum + ids.length, 0),
      cutTexts: cut.length,
      cutPieces: cut.reduce((sum, { truncated }) => sum + truncated, 0),
    });
    const arrays = await readArrays(path);
    expect(arrays.size).toBe(18);
    for (const { index, ids, states } of found) {
      expect(arrays.get(`input_ids.${index}`)).toEqual({ dtype: "int32", shape: [ids.length], data: ids });
      const last = { dtype: "float32", shape: [ids.length, 32], data: states.at(-1) };
      expect(arrays.get(`last_hidden_state.${index}`)).toEqual(last);
    }
    await writeHiddenStates(path, encodeTexts(texts(9), { ...options(), layers: "all" }), 32);
    const layered = await readArrays(path);
    expect(layered.size).toBe(9 * 5);
    for (const { index, states } of found)
      for (const [layer, data] of states.entries())
        expect(layered.get(`hidden_states.${layer}.${index}`)?.data).toEqual(data);
  });

  it("leaves nothing behind where a text cannot be encoded", async () => {
    const folder = join(root, "broken");
    const encoder = createEncoder({ ...model.encoder.config, vocabularySize: 20 });
    const source = encodeTexts(texts(3), { ...options(), encoder });
    await expect(writeHiddenStates(join(folder, "o.safetensors"), source, 32)).rejects.toThrow(
      /text "t0": piece id \d+ is outside a table of 20 rows\. Use the tokenizer that the model was trained with\./,
    );
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });
});
