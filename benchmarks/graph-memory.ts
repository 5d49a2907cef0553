// Memory of a graph of 5 million triples and 1 million entities, built, sorted by id, and asked for neighbours:
//   npm run bench -- graph-memory [millions of triples, default 5]
import { CompactStore, GraphBuilder } from "@kgraft/kg";

const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

export async function main([millions = "5"]: readonly string[]): Promise<void> {
  const triples = Number(millions) * 1e6;
  const entities = triples / 5;
  let peak = 0;
  const watch = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const begin = performance.now();
  const say = (what: string) =>
    console.log(
      `${what.padEnd(24)} ${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s   RSS peak ${mebibytes(peak)}`,
    );
  watch();
  say("start");
  const builder = new GraphBuilder("made", new CompactStore("id"));
  for (let i = 0; i < entities; i++) {
    const number = (i * 7919) % entities;
    builder.addEntity(
      {
        id: `Q${number}`,
        label: `Entity number ${number}`,
        aliases: [`Alias ${number}`],
        types: ["thing"],
        properties: {},
      },
      "made",
    );
    if (i % 10_000 === 0) watch();
  }
  say("entities");
  for (let i = 0; i < triples; i++) {
    builder.addTriple(`Q${(i * 31) % entities}`, `P${i % 200}`, `Q${(i * 104_729 + 1) % entities}`, "made");
    if (i % 10_000 === 0) watch();
  }
  say("triples");
  const graph = builder.finish();
  watch();
  say("sorted");
  const found = await graph.neighbours("Q1");
  watch();
  say(`${found.length} neighbours of one`);
}
