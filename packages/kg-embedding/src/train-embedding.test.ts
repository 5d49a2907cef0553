import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Progress, silent, streams } from "@kgraft/runtime";
import { openBackend, SafetensorsFile, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EmbeddingModel } from "./model.ts";
import { complex, distmult, rotate, transe } from "./models/index.ts";
import { toyIndex, toyWorld } from "./testing/toy-graph.ts";
import { trainEmbedding } from "./train-embedding.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-embedding-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await openBackend("wasm");
});

const world = toyWorld(80, 4);
const small = { dimension: 8, epochs: 3, batchSize: 16, negatives: 20 };
const made = (options: object = {}): EmbeddingModel =>
  transe.create(transe.options.parse({ ...small, ...options }), {});
const train = (model = made(), more: object = {}) =>
  trainEmbedding({ train: world.train, model, streams: streams(13), ...more });
const bytes = ({ values }: { values: Float32Array }) => Buffer.from(values.buffer).toString("hex");

describe("a training", () => {
  test("gives vectors, relations with their inverses, losses that fall, and ranks", async () => {
    const before = tf.memory().numTensors;
    const { vectors, relations, history, metrics, model } = await train(made({ epochs: 8 }), {
      validation: world.validation,
      test: world.test,
    });
    expect(vectors.ids).toEqual(world.train.entityIds);
    expect(vectors.values.length).toBe(vectors.ids.length * 8);
    expect(relations.ids).toEqual([...world.train.relationIds, ...world.train.relationIds.map((id) => `${id}^-1`)]);
    expect(history.length).toBe(8);
    expect(history.at(-1)).toBeLessThan((history[0] as number) / 1.3);
    expect(metrics["link-prediction"]?.test.triples).toBe(world.test.triples.length / 3);
    expect(model).toMatchObject({ name: "transe", seed: 13, reciprocal: true, options: { dimension: 8, p: 2 } });
    expect(tf.memory().numTensors).toBe(before);
  });

  test("gives the same bytes again, and others with another seed", async () => {
    const [one, two, other] = [await train(), await train(), await train(made(), { streams: streams(14) })];
    expect(bytes(two.vectors)).toBe(bytes(one.vectors));
    expect(bytes(two.relations)).toBe(bytes(one.relations));
    expect(two.history).toEqual(one.history);
    expect(bytes(other.vectors)).not.toBe(bytes(one.vectors));
  });

  test("ranks a sample where so many triples are asked for", async () => {
    const { metrics } = await train(made({ epochs: 1, maxRankedTriples: 4 }), { test: world.test });
    expect(metrics["link-prediction"]?.test).toMatchObject({ triples: 4, sampled: true });
  });

  test("without test triples ranks nothing; without reciprocal relations has no inverse rows", async () => {
    const { metrics, relations, model } = await train(made({ epochs: 1, reciprocal: false }));
    expect(metrics).toEqual({});
    expect(relations.ids).toEqual(world.train.relationIds);
    expect(model.reciprocal).toBe(false);
  });

  test("works with one relation, one triple, and an entity that no triple names", async () => {
    const tiny = toyIndex([["a", "r", "b"]]);
    const withLonely = {
      ...tiny,
      entityIds: ["a", "b", "c"],
      entityNumber: new Map([
        ["a", 0],
        ["b", 1],
        ["c", 2],
      ]),
    };
    for (const definition of [transe, distmult, complex, rotate]) {
      const model = definition.create(definition.options.parse(small) as never, {});
      const { vectors, history } = await trainEmbedding({ train: withLonely, model, streams: streams(1) });
      expect(vectors.ids).toEqual(["a", "b", "c"]);
      expect(vectors.values.every(Number.isFinite)).toBe(true);
      expect(history.every(Number.isFinite)).toBe(true);
    }
  });

  test("shows steps and the loss", async () => {
    const shown: string[] = [];
    const progress: Progress = {
      bar: (label, total) => ({
        update: (done, detail) => shown.push(`${label} ${done}/${total} ${detail}`),
        end: (summary) => shown.push(`end ${summary}`),
      }),
      note: () => undefined,
    };
    const steps = Math.ceil(world.train.triples.length / 3 / 4);
    await train(made({ epochs: 1, batchSize: 4 }), { progress });
    expect(shown[0]).toMatch(new RegExp(`^embedding transe 8/${steps} loss \\d+\\.\\d{3}$`));
    expect(shown.at(-1)).toMatch(/^end loss \d+\.\d{3}$/);
  });
});

describe("a stopped training", () => {
  /** Throws in the middle of a step's telling, as a full disk or a bug would. */
  const failingAt = (step: number): Progress => ({
    ...silent,
    bar: () => ({
      update: (done) => {
        if (done >= step) throw new Error("stopped here");
      },
      end: () => undefined,
    }),
  });

  test.each([["margin"], ["softmax"]])("goes on to the same bytes (%s)", async (loss) => {
    const model = made({ loss, batchSize: 4, epochs: 3 });
    const whole = await train(model);
    const path = join(folder, `crash-${loss}`);
    for (const step of [24, 48])
      await expect(train(model, { progress: failingAt(step), checkpoint: { path, everyBatches: 5 } })).rejects.toThrow(
        "stopped here",
      );
    const resumed = await train(model, { checkpoint: { path, everyBatches: 5 } });
    expect(bytes(resumed.vectors)).toBe(bytes(whole.vectors));
    expect(bytes(resumed.relations)).toBe(bytes(whole.relations));
    expect(resumed.history).toEqual(whole.history);
  });

  test("by a signal saves first; a finished one is read back at once, and can be prolonged", async () => {
    const path = join(folder, "signal");
    const model = made({ batchSize: 4 });
    const stopping = new AbortController();
    const progress: Progress = {
      ...silent,
      bar: () => ({ update: (done) => done >= 16 && stopping.abort(), end: () => undefined }),
    };
    const stopped = train(model, { progress, signal: stopping.signal, checkpoint: { path } });
    await expect(stopped).rejects.toThrow("aborted");
    const file = await SafetensorsFile.open(path);
    expect(JSON.parse(file.metadata.position as string)).toMatchObject({ epoch: 0, batch: 16 });
    await file.close();
    const whole = await train(model);
    expect(bytes((await train(model, { checkpoint: { path } })).vectors)).toBe(bytes(whole.vectors));
    expect(bytes((await train(model, { checkpoint: { path } })).vectors)).toBe(bytes(whole.vectors));
    const longer = made({ batchSize: 4, epochs: 5 });
    expect(bytes((await train(longer, { checkpoint: { path } })).vectors)).toBe(bytes((await train(longer)).vectors));
    await expect(train(model, { checkpoint: { path } })).rejects.toThrow(
      `${path}: holds 5 finished epochs. Wanted at most 3, the epochs asked for. Ask for more epochs, or remove it to start afresh.`,
    );
  });

  test("of another seed, option or graph is refused", async () => {
    const path = join(folder, "foreign");
    await train(made(), { checkpoint: { path } });
    const others = [
      () => train(made(), { checkpoint: { path }, streams: streams(14) }),
      () => train(made({ learningRate: 0.2 }), { checkpoint: { path } }),
      () => train(made(), { checkpoint: { path }, train: { ...world.train, triples: world.train.triples.slice(3) } }),
    ];
    for (const other of others)
      await expect(other()).rejects.toThrow(
        `${path}: was written by a training with another graph, model, option or seed. Remove it to start afresh, or put the config back as it was.`,
      );
  });

  test("by kill -9 goes on to the same bytes and leaves no half-written file", { timeout: 60_000 }, async () => {
    const place = mkdtempSync(join(folder, "kill-"));
    const path = join(place, "checkpoint");
    const child = spawn(process.execPath, ["--input-type=module", "-e", slowTraining(path)], {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: new URL("../../..", import.meta.url).pathname,
    });
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += data;
    });
    const ended = new Promise<string>((resolve) =>
      child.on("exit", (code, signal) => resolve(signal ?? `exit ${code}`)),
    );
    const saved = async () => {
      while (!existsSync(path) && child.exitCode === null) await setTimeout(20);
      const first = existsSync(path) ? statSync(path).mtimeMs : 0;
      while (existsSync(path) && statSync(path).mtimeMs === first && child.exitCode === null) await setTimeout(5);
    };
    await saved();
    child.kill("SIGKILL");
    expect(await ended, errors).toBe("SIGKILL");
    const model = made({ batchSize: 4, epochs: 40 });
    const resumed = await train(model, { checkpoint: { path } });
    expect(bytes(resumed.vectors)).toBe(bytes((await train(model)).vectors));
    for (const name of readdirSync(place).filter((each) => each !== "checkpoint")) expect(name).toMatch(/\.tmp$/);
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });
});

/** A program that makes the training of the test above, slowly, from source. */
function slowTraining(path: string): string {
  return `
    import { createViteServer } from "vitest/node";
    const server = await createViteServer({ configFile: "tests/vitest.config.ts", server: { middlewareMode: true }, logLevel: "error" });
    const from = (path) => server.ssrLoadModule(path);
    const { trainEmbedding } = await from("/packages/kg-embedding/src/train-embedding.ts");
    const { transe } = await from("/packages/kg-embedding/src/models/transe.ts");
    const { toyWorld } = await from("/packages/kg-embedding/src/testing/toy-graph.ts");
    const { streams } = await from("/packages/runtime/src/index.ts");
    const { openBackend } = await from("/packages/tensor/src/index.ts");
    await openBackend("wasm");
    const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    await trainEmbedding({
      train: toyWorld(80, 4).train,
      model: transe.create(transe.options.parse(${JSON.stringify({ ...small, batchSize: 4, epochs: 40 })}), {}),
      streams: streams(13),
      progress: { bar: () => ({ update: wait, end: () => undefined }), note: () => undefined },
      checkpoint: { path: ${JSON.stringify(path)}, everyBatches: 7 },
    });`;
}

describe("refuses", () => {
  test("a graph without training triples", async () => {
    await expect(train(made(), { train: { ...world.train, triples: new Int32Array() } })).rejects.toThrow(
      `kg-embedding.trainEmbedding: the graph has 0 training triples (${world.train.entityIds.length} entities). Wanted at least one.`,
    );
  });

  test("a relation that is named as another's inverse", async () => {
    const clash = toyIndex([
      ["a", "r", "b"],
      ["b", "r^-1", "a"],
    ]);
    await expect(train(made(), { train: clash })).rejects.toThrow(
      'kg-embedding.trainEmbedding: the graph has a relation "r^-1", the name of the inverse of "r". Rename the relation, or set reciprocal: false.',
    );
  });

  test("to go on from a loss that is not a number, and names the step", async () => {
    await expect(train(made({ learningRate: 1e30 }))).rejects.toThrow(
      /^kg-embedding\.transe: the loss is NaN at epoch 1, batch \d+\. Wanted a finite number\. Lower learningRate \(1e\+30\) or deviation \(0\.1\)\.$/,
    );
  });

  test("options that mean nothing", () => {
    expect(() => transe.options.parse({ dimensions: 100 })).toThrow("dimensions");
    expect(() => transe.options.parse({ p: 3 })).toThrow();
    expect(() => distmult.options.parse({ p: 1 })).toThrow();
    expect(() => transe.options.parse({ epochs: 0 })).toThrow();
  });
});
