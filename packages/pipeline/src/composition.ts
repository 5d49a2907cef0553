import { type CheckpointWithTokenizer, loadCheckpoint, type NewModelSizes, newModel } from "@kgraft/encoder";
import type { Linker } from "@kgraft/entity-linking";
import { type Graph, indexTriples, type TripleIndex } from "@kgraft/kg";
import { InputError, type Progress } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import { type Backend, openBackend } from "@kgraft/tensor";
import { Container } from "inversify";
import type { RunConfig } from "./config/run-config.ts";
import { discreet, hidingSecrets } from "./config/secrets.ts";
import { stagesFolder } from "./run-folders.ts";
import { StageStore } from "./stage-store.ts";
import { makeLinker } from "./stages/make-linker.ts";
import { openGraph } from "./stages/open-graph.ts";
import { readSplits } from "./stages/read-splits.ts";

/** What the arms and seeds of one config share; each is made when it is first asked for, and once. */
export interface SharedWork {
  readonly config: RunConfig;
  readonly progress: Progress;
  /** Once aborted, work ends at the next step. */
  readonly signal: AbortSignal | undefined;
  readonly stages: StageStore;
  backend(): Promise<Backend>;
  graph(): Promise<Graph>;
  triples(): Promise<TripleIndex>;
  linker(): Promise<Linker>;
  /** The task's examples as they were read, without links. */
  splits(): Promise<Splits>;
  checkpoint(): Promise<CheckpointWithTokenizer>;
  /** Closes what was opened. */
  close(): Promise<void>;
}

const services = {
  config: Symbol.for("kgraft.run.config"),
  progress: Symbol.for("kgraft.run.progress"),
  backend: Symbol.for("kgraft.run.backend"),
  graph: Symbol.for("kgraft.run.graph"),
  triples: Symbol.for("kgraft.run.triples"),
  linker: Symbol.for("kgraft.run.linker"),
  splits: Symbol.for("kgraft.run.splits"),
  checkpoint: Symbol.for("kgraft.run.checkpoint"),
} as const;

/**
 * The composition root: wires graph, linker, examples and checkpoint of a config as lazy singletons of one container.
 * What opens a connection closes it when the container lets go.
 *
 * @param folder where finished stages are kept
 */
function composeSharedWork(
  config: RunConfig,
  folder: string,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): SharedWork {
  const container = new Container({ defaultScope: "Singleton" });
  container.bind(services.config).toConstantValue(config);
  container.bind(services.progress).toConstantValue(progress);
  container.bind(services.backend).toResolvedValue(openConfiguredBackend, [services.config, services.progress]);
  container
    .bind<Graph>(services.graph)
    .toResolvedValue(openGraph, [services.config, services.progress])
    .onDeactivation((graph) => graph.close());
  container.bind(services.triples).toResolvedValue(indexTriples, [services.graph]);
  container.bind(services.linker).toResolvedValue(makeLinker, [services.config, services.graph, services.progress]);
  container
    .bind(services.splits)
    .toResolvedValue(
      (from: RunConfig, shown: Progress) => readSplits(from, () => get<Graph>(services.graph), shown),
      [services.config, services.progress],
    );
  container.bind(services.checkpoint).toResolvedValue(openCheckpoint, [services.config, services.progress]);
  const get = <T>(service: symbol): Promise<T> => container.getAsync<T>(service);
  return {
    config,
    progress,
    signal,
    stages: new StageStore(folder, progress, { signal, plugins: config.registry.plugins }),
    backend: () => get(services.backend),
    graph: () => get(services.graph),
    triples: () => get(services.triples),
    linker: () => get(services.linker),
    splits: () => get(services.splits),
    checkpoint: () => get(services.checkpoint),
    close: () => container.unbindAllAsync(),
  };
}

/** Runs work on what a config's arms share, closes it, and keeps what came from the environment out of everything shown. */
export async function withSharedWork<T>(
  config: RunConfig,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
  work: (shared: SharedWork) => Promise<T>,
): Promise<T> {
  const shared = composeSharedWork(config, stagesFolder(config), {
    progress: discreet(progress, config.secrets),
    signal,
  });
  try {
    return await hidingSecrets(config.secrets, () => work(shared));
  } finally {
    await shared.close();
  }
}

async function openConfiguredBackend(config: RunConfig, progress: Progress): Promise<Backend> {
  const backend = await openBackend(config.backend, { matmul: config.matmul });
  const others = backend.passedOver.map(({ name, why }) => `${name} (${why})`).join("; ");
  progress.note(`backend ${backend.name}: ${backend.description}${others === "" ? "" : `. Not taken: ${others}`}`);
  return backend;
}

/** The encoder's checkpoint, or a new model of the stated sizes (the config reader saw that they are all there). */
async function openCheckpoint(config: RunConfig, progress: Progress): Promise<CheckpointWithTokenizer> {
  const { checkpoint, tokenizer, ...sizes } = required(config, "encoder");
  if (checkpoint !== undefined) return loadCheckpoint(checkpoint, { progress });
  return newModel(sizes as NewModelSizes, tokenizer as string);
}

/**
 * A section that a command cannot do without.
 *
 * @throws InputError `config.section` naming it
 */
export function required<K extends "graph" | "corpus" | "linker" | "embedding" | "encoder" | "task">(
  config: RunConfig,
  section: K,
): NonNullable<RunConfig[K]> {
  const found = config[section];
  if (found !== undefined) return found;
  throw new InputError({
    code: "config.section",
    at: `${config.file}: config.${section}`,
    problem: "is missing",
    fix: `Add a section ${section}:`,
  });
}
