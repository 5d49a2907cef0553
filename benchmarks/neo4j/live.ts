// Pre-training of K-BERT from a Neo4j that is read live, against the same from a snapshot, in turns: seconds of the whole
// pre-training, reading of neighbourhoods included. 20,000 entities, 100,000 triples, 2,000 texts with two mentions each.
//   npm run bench -- neo4j/live [turns, default 3] [steps, default 60]
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig, run } from "@kgraft/pipeline";
import { silent } from "@kgraft/runtime";
import neo4j from "neo4j-driver";
import { Neo4jServer } from "../../tests/neo4j/launch-server.ts";
import { median, spread } from "../statistics.ts";
import { load } from "./rates.ts";

const entities = 20_000;
const modes = ["snapshot", "live"] as const;
type Mode = (typeof modes)[number];

/** Texts that bring their own mentions, so that nothing has to be linked. */
function text(index: number): string {
  const [first, second] = [(index * 7919) % entities, (index * 104_729 + 1) % entities];
  const words = [`Entity ${first}`, "plays the lute in", `Entity ${second}`, "at night on the river"];
  const start = words[0]?.length ?? 0;
  const later = start + (words[1]?.length ?? 0) + 2;
  const mentions = [
    { start: 0, end: start, entity: `entity-${first}` },
    { start: later, end: later + (words[2]?.length ?? 0), entity: `entity-${second}` },
  ];
  return JSON.stringify({ id: String(index), text: words.join(" "), mentions });
}

/** Writes the config of a mode and gives what runs it: seconds of pre-training. */
async function arm(mode: Mode, folder: string, steps: number): Promise<(turn: number) => Promise<number>> {
  const corpus = join(folder, "corpus.jsonl");
  await writeFile(corpus, Array.from({ length: 2000 }, (_, index) => `${text(index)}\n`).join(""));
  const path = join(folder, `${mode}.yaml`);
  const config = {
    name: mode,
    graph: {
      ...{ name: "neo4j", url: "${NEO4J_URL}", password: "${NEO4J_PASSWORD}", mode, snapshots: folder },
      entities: { label: "E", id: "id", text: "name" },
    },
    linker: { name: "dictionary" }, // the texts bring their mentions
    corpus: { name: "jsonl", path: corpus },
    encoder: {
      tokenizer: fileURLToPath(new URL("../../packages/text/fixtures/word-piece.json", import.meta.url)),
      ...{ numLayers: 6, hiddenSize: 384, numHeads: 12, maxPositions: 128 },
    },
    fusion: { name: "k-bert" },
    pretrain: { objectives: ["mlm"], steps, batchSize: 32, maxLength: 64 },
    report: { html: false, tensorboard: false },
  };
  await writeFile(path, JSON.stringify(config));
  return async (turn) => {
    const output = join(folder, `${mode}-${turn}`);
    await run(await readConfig(path, { set: [`output=${output}`] }), { resume: false, progress: silent });
    const cell = JSON.parse(await readFile(join(output, "cell.json"), "utf8")) as {
      readonly seconds: { readonly pretrain: number };
    };
    return cell.seconds.pretrain;
  };
}

export async function main([turns = "3", steps = "60"]: readonly string[]): Promise<void> {
  const server = await Neo4jServer.start();
  const folder = await mkdtemp(join(tmpdir(), "kgraft-live-"));
  const driver = neo4j.driver(server.url, neo4j.auth.basic(server.user, server.password));
  try {
    process.env.NEO4J_URL = server.url;
    process.env.NEO4J_PASSWORD = server.password;
    await load(driver, entities);
    const arms = {
      snapshot: await arm("snapshot", folder, Number(steps)),
      live: await arm("live", folder, Number(steps)),
    };
    const seconds: Record<Mode, number[]> = { snapshot: [], live: [] };
    for (let turn = -1; turn < Number(turns); turn++)
      for (const mode of modes) {
        const took = await arms[mode](turn);
        if (turn >= 0) seconds[mode].push(took);
      }
    for (const mode of modes)
      console.log(
        `${mode.padEnd(9)} ${median(seconds[mode]).toFixed(2)} s for ${steps} steps (${spread(seconds[mode])})`,
      );
    const ratios = seconds.live.map((one, turn) => one / (seconds.snapshot[turn] as number));
    console.log(`live / snapshot: ${median(ratios).toFixed(3)} (turns ${spread(ratios, 3)})`);
  } finally {
    await driver.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
