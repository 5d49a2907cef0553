import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "@kgraft/runtime";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  arrayOf,
  divergence,
  type GoldenCase,
  goldenFamilies,
  goldenFolder,
  readGolden,
} from "../../../../tests/golden/golden.ts";
import { convert } from "../index.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-convert-onnx-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const int64 = (data: ArrayLike<number>, shape: readonly number[]) =>
  new ort.Tensor("int64", BigInt64Array.from(Array.from(data, BigInt)), [...shape]);

describe.each(goldenFamilies)("%s in ONNX Runtime", (family) => {
  let session: ort.InferenceSession;
  let golden: ReadonlyMap<string, GoldenCase>;
  beforeAll(async () => {
    const to = join(root, family);
    await convert({ from: goldenFolder(family), to, format: "onnx", progress: silent });
    session = await ort.InferenceSession.create(join(to, "model.onnx"));
    golden = await readGolden(family);
  });

  it.each(["full", "right", "left", "pair"])("gives what transformers gives: %s", async (name) => {
    const found = golden.get(name);
    if (found === undefined) return expect(session.inputNames).not.toContain("token_type_ids");
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of session.inputNames) {
      const array = found.get(input) ?? { ...arrayOf(found, "input_ids"), data: new Int32Array(27) };
      feeds[input] = int64(array.data, array.shape);
    }
    const outputs = await session.run(feeds);
    const last = [...found.keys()].filter((key) => key.startsWith("state.")).length - 1;
    const states = outputs.last_hidden_state?.data as Float32Array;
    expect(divergence(`${family} ${name}`, states, arrayOf(found, `state.${last}`), 1e-5)).toBeUndefined();
    const logits = outputs.logits as ort.Tensor;
    const width = logits.dims[2] as number;
    const places = [1, 7, 9 + 3, 9 + 4, 18 + (arrayOf(found, "labels").data[18 + 8] === 31 ? 8 : 1)];
    const chosen = places.flatMap((place) => [
      ...(logits.data as Float32Array).slice(place * width, (place + 1) * width),
    ]);
    expect(divergence(`${family} ${name} logits`, chosen, arrayOf(found, "logits"), 1e-5)).toBeUndefined();
  });
});
