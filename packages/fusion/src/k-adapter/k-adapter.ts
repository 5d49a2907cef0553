import { InputError } from "@kgraft/runtime";
import { type ParameterSpec, tf } from "@kgraft/tensor";
import type { Fusion, FusionHead, FusionResources } from "../contract.ts";
import { defineFusion } from "../define-fusion.ts";
import { type Adapter, type AdapterSizes, createAdapter } from "./adapter.ts";
import { type Combination, createCombination } from "./combination.ts";
import { dependencyHead, relationHead, side } from "./heads.ts";
import { officialNames, storedNames } from "./official-names.ts";
import { type AdapterOptions, type KAdapterOptions, kAdapterOptions } from "./options.ts";
import { collateTargets, findTargets, type TargetClasses, type Targets } from "./targets.ts";

/** K-Adapter: side networks that read chosen layers of a frozen encoder, each taught its own kind of knowledge. */
export const kAdapter = defineFusion<KAdapterOptions, Targets>({
  name: "k-adapter",
  summary: "Side networks read chosen layers; each learns its own task while the encoder stays as it is.",
  paper: {
    title: "K-Adapter: Infusing Knowledge into Pre-Trained Models with Adapters",
    authors: "Wang, Tang, Duan, Wei, Huang, Ji, Cao, Jiang, Zhou",
    venue: "Findings of ACL 2021",
    url: "https://aclanthology.org/2021.findings-acl.121",
  },
  options: kAdapterOptions,
  needs: [],
  usesGraph: true,
  accepts: ["text"],
  claims: ["output"],
  neutral: { adapters: {} },
  create(options, resources) {
    return Object.keys(options.adapters).length === 0 ? {} : fusionOf(options, resources);
  },
});

function fusionOf(options: KAdapterOptions, resources: FusionResources): Fusion<Targets> {
  const { encoder } = resources;
  const adapters = Object.entries(options.adapters).map(([name, own]) =>
    createAdapter(name, layersOf(name, own, encoder.numLayers), sizesOf(options, encoder.hiddenSize)),
  );
  const names = adapters.map(({ name }) => name);
  const combination = createCombination(names, encoder.hiddenSize, options);
  const heads = headsOf(options, resources);
  const parameters = [...adapters.flatMap((adapter) => adapter.parameters), ...combination.parameters];
  const headParameters = Object.values(heads).flatMap((head) => head.parameters);
  const classes = classesOf(options, resources);
  return {
    parameters,
    officialNames: officialNames(names, namesOf([...parameters, ...headParameters])),
    parts: Object.fromEntries(adapters.map((adapter) => [adapter.name, namesOf(adapter.parameters)])),
    stored: storedAdapters(adapters, options),
    freezes: freezing(adapters, combination, options),
    prepare: (example, encoding) => findTargets(example, encoding, classes),
    collate: (batch, shape, draw) => (draw === undefined ? {} : collateTargets(batch, shape, classes)),
    taps: [...new Set(adapters.flatMap(({ layers }) => layers))],
    readsPadding: options.attendPadding,
    output(stream, states, at) {
      const visible = options.attendPadding ? allPieces(stream.hidden) : stream.visible;
      const outputs = adapters.map((adapter) => adapter.run(states, visible, at));
      return {
        ...stream,
        hidden: combination.combine(stream.hidden, outputs, at.weights),
        side: { ...stream.side, ...readByHeads(names, stream.hidden, outputs) },
      };
    },
    heads,
  };
}

/** bool [B, 1, T]: every piece, padding too. */
function allPieces({ shape: [rows, length] }: tf.Tensor): tf.Tensor {
  return tf.ones([rows as number, 1, length as number], "bool");
}

function readByHeads(
  names: readonly string[],
  last: tf.Tensor,
  outputs: readonly tf.Tensor[],
): Readonly<Record<string, tf.Tensor>> {
  const own = names.map((name, index) => [side.output(name), outputs[index] as tf.Tensor]);
  return { [side.last]: last, ...Object.fromEntries(own) };
}

function sizesOf(options: KAdapterOptions, hidden: number): AdapterSizes {
  const { innerHeads, innerLayers, dropout, skipLayers } = options;
  const inner = options.innerSize ?? innerHeads * Math.max(1, Math.floor((0.75 * hidden) / innerHeads));
  return { hidden, inner, innerLayers, innerHeads, dropout, skipLayers };
}

/** @throws InputError `fusion.k-adapter.layers` where the encoder has no such layer */
function layersOf(name: string, { layers }: AdapterOptions, depth: number): readonly number[] {
  if (layers === undefined) return [0, Math.max(0, Math.round(depth / 2) - 1), Math.max(0, depth - 2)];
  const index = layers.findIndex((layer) => layer > depth);
  if (index === -1) return layers;
  throw new InputError({
    code: "fusion.k-adapter.layers",
    at: `k-adapter.adapters.${name}.layers.${index}`,
    problem: `is ${layers[index]}, the encoder has ${depth} layers`,
    wanted: `Wanted 0 (what goes into the first layer) to ${depth}`,
  });
}

function headsOf(options: KAdapterOptions, { encoder, relations }: FusionResources): Record<string, FusionHead> {
  const sizes = { hidden: encoder.hiddenSize, dropout: options.dropout };
  const heads: Record<string, FusionHead> = {};
  for (const [name, { task }] of Object.entries(options.adapters)) {
    if (task === "relation") heads[name] = relationHead(name, relations?.length, sizes);
    if (task === "dependency") heads[name] = dependencyHead(name, options.dependencyPositions, sizes);
  }
  return heads;
}

function classesOf(options: KAdapterOptions, { relations }: FusionResources): TargetClasses {
  const tasks = Object.values(options.adapters).map(({ task }) => task);
  return {
    ...(tasks.includes("relation") && relations && { relations: new Map(relations.map(({ id }, i) => [id, i])) }),
    ...(tasks.includes("dependency") && { positions: options.dependencyPositions }),
  };
}

/** Pre-training moves the adapters that have a task and their heads; fine-tuning the encoder and how adapters are read. */
function freezing(
  adapters: readonly Adapter[],
  combination: Combination,
  options: KAdapterOptions,
): NonNullable<Fusion["freezes"]> {
  const untaught = adapters.filter(({ name }) => options.adapters[name]?.task === "none");
  const own = (some: readonly Adapter[]): readonly string[] => namesOf(some.flatMap(({ parameters }) => parameters));
  return {
    pretraining: { encoder: true, parameters: [...own(untaught), ...namesOf(combination.parameters)] },
    finetuning: { parameters: own(adapters) },
  };
}

function storedAdapters(adapters: readonly Adapter[], options: KAdapterOptions): NonNullable<Fusion["stored"]> {
  return adapters.flatMap(({ name, parameters }) => {
    const folder = options.adapters[name]?.from;
    if (folder === undefined) return [];
    return [{ folder, names: Object.fromEntries(namesOf(parameters).map((one) => [one, storedNames(name, one)])) }];
  });
}

const namesOf = (specs: readonly ParameterSpec[]): readonly string[] => specs.map(({ name }) => name);
