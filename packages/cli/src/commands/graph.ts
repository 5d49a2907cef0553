import { cleanGraph, describeGraph, exportGraph, importGraph } from "@kgraft/pipeline";
import { Command, Option } from "commander";
import { statsTable } from "../graph-tables.ts";
import { interruptible } from "../interruption.ts";
import { configOf, graphCommand, printJson, progressOf, type SharedOptions, sharedCommand } from "../shared-options.ts";
import { scoreTable } from "../tables.ts";

/** `kgraft graph`: what a graph holds, and graphs from one place into another. */
export function graphCommands(): Command {
  const graph = new Command("graph").description("what a graph holds; graphs into files, into Neo4j and out again");
  for (const command of [statsCommand(), exportCommand(), importCommand(), cleanCommand()]) graph.addCommand(command);
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
