import { cleanGraph, describeGraph, exportGraph, importGraph, writeBackPredictions } from "@kgraft/pipeline";
import { Command, Option } from "commander";
import { statsTable } from "../graph-tables.ts";
import { interruptible } from "../interruption.ts";
import {
  configOf,
  graphCommand,
  positiveNumber,
  printJson,
  progressOf,
  type SharedOptions,
  sharedCommand,
} from "../shared-options.ts";
import { scoreTable } from "../tables.ts";
import { type WriteBackOptions, withDryRun, writeBackText } from "../write-back-options.ts";

/** `kgraft graph`: what a graph holds, and graphs from one place into another. */
export function graphCommands(): Command {
  const graph = new Command("graph").description("what a graph holds; graphs into files, into Neo4j and out again");
  for (const command of [statsCommand(), exportCommand(), importCommand(), predictionsCommand(), cleanCommand()])
    graph.addCommand(command);
  return graph;
}

function statsCommand(): Command {
  return graphCommand(
    "stats",
    "a graph in numbers: counts, degrees, relations, types, what is missing or doubled, the largest hubs",
    "kgraft graph stats configs/toy.yaml",
  )
    .argument("<config>", "YAML file with graph:")
    .action(async (path: string, options: SharedOptions) => {
      const config = await configOf(path, options);
      const stats = await interruptible((signal) => describeGraph(config, { progress: progressOf(options), signal }));
      if (options.json === true) printJson(stats);
      else process.stdout.write(`${statsTable(stats)}\n`);
    });
}

function exportCommand(): Command {
  return graphCommand(
    "export",
    "writes the graph of a config into files, streamed; gzip where the name ends in .gz",
    "kgraft graph export configs/toy.yaml --format nt --output toy.nt.gz",
  )
    .argument("<config>", "YAML file with graph:")
    .addOption(
      new Option("--format <name>", "what to write; tsv puts labels beside, spo keeps words alone")
        .choices(["folder", "tsv", "nt", "spo", "graphology"])
        .makeOptionMandatory(),
    )
    .requiredOption("--output <path>", "the file, or the folder of --format folder")
    .action(async (path: string, options: SharedOptions & { readonly format: string; readonly output: string }) => {
      const config = await configOf(path, options);
      const { format, output } = options;
      const written = await interruptible((signal) =>
        exportGraph(config, { format, output, progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(written);
      else process.stdout.write(`${written.entities} entities, ${written.triples} triples\n${written.output}\n`);
    });
}

function importCommand(): Command {
  return graphCommand(
    "import",
    "writes the graph of a config where another config reads its own: into Neo4j or into files",
    "kgraft graph import configs/wordnet-supersense.yaml --to configs/neo4j-wordnet.yaml",
  )
    .argument("<config>", "YAML file whose graph: is read")
    .requiredOption("--to <config>", "YAML file whose graph: says where to")
    .action(async (path: string, options: SharedOptions & { readonly to: string }) => {
      const config = await configOf(path, options);
      const to = await configOf(options.to, { set: [] });
      const written = await interruptible((signal) =>
        importGraph(config, to, { progress: progressOf(options), signal }),
      );
      if (options.json === true) printJson(written);
      else process.stdout.write(`${written.entities} entities, ${written.triples} triples\n${written.to}\n`);
    });
}

interface PredictionsOptions extends SharedOptions, WriteBackOptions {
  readonly triples: string;
  readonly model: string;
  readonly mostRank: number;
}

function predictionsCommand(): Command {
  const command = sharedCommand(
    "predictions",
    "writes predicted triples into Neo4j, as nodes that lead to head and tail; after a dry run that finds what is wrong",
    "kgraft graph predictions my-graph.yaml --triples runs/my-graph/kg-bert/seed-13/predictions/test-triples.jsonl --model kg-bert",
  )
    .argument("<config>", "YAML file with graph: { name: neo4j }")
    .requiredOption(
      "--triples <file>",
      "JSON Lines of {head, relation, tail, score, rank?}, as a run of link-prediction writes",
    )
    .requiredOption("--model <name>", "what predicted them; stands in every node")
    .addOption(
      new Option("--most-rank <n>", "write those up to this place among the answers of their question")
        .argParser(positiveNumber)
        .default(1),
    );
  return withDryRun(command).action(async (path: string, options: PredictionsOptions) => {
    const config = await configOf(path, options);
    const { triples, model, mostRank, run: runId, dryRun = false } = options;
    const written = await interruptible((signal) =>
      writeBackPredictions(config, { triples, model, mostRank, runId, dryRun, progress: progressOf(options), signal }),
    );
    if (options.json === true) printJson(written);
    else process.stdout.write(`${writeBackText(written, "predicted triples", path)}\n`);
  });
}

function cleanCommand(): Command {
  return sharedCommand(
    "clean",
    "takes out of Neo4j what a run has written back: vectors with their index, links, predicted triples",
    "kgraft graph clean configs/neo4j-wordnet.yaml --run embed-0123456789ab",
  )
    .argument("<config>", "YAML file with graph: { name: neo4j }")
    .requiredOption("--run <id>", "the run, as it was printed when it wrote")
    .action(async (path: string, options: SharedOptions & { readonly run: string }) => {
      const cleaned = await cleanGraph(await configOf(path, options), options.run);
      if (options.json === true) printJson(cleaned);
      else process.stdout.write(`${scoreTable(cleaned)}\n`);
    });
}
