import { type HostArray, type RecordedTensor, recordKernels, type tf, toDevice } from "@kgraft/tensor";
import type { GraphValue, Initializer, Node } from "./file/model.ts";
import { writeModel } from "./file/write-model.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { castInput, inputsOf, placesOf } from "./graph-inputs.ts";
import { type Axes, dimensionText } from "./trace/dimension.ts";
import { type GeneralTrace, generalise, type Trace } from "./trace/general-trace.ts";
import { translate } from "./translate.ts";

/** A computation at one size of each axis. */
export interface Sample {
  /** What it reads beside weights, by name. */
  readonly inputs: Readonly<Record<string, HostArray>>;
  compute(inputs: Readonly<Record<string, tf.Tensor>>): Readonly<Record<string, tf.Tensor>>;
}

/** What {@link exportOnnx} writes. */
export interface OnnxExport {
  readonly name: string;
  /** Named axes with three sizes each, all different primes: what varies with them is dynamic in the file. */
  readonly axes: Axes;
  /** Tensors that become the file's own, by name. */
  readonly weights: ReadonlyMap<string, tf.Tensor>;
  /** The computation at the sizes with this index. */
  sample(index: number): Sample | Promise<Sample>;
  /** Bool inputs that are given as int64, as Python's tokenizers do. */
  readonly integerMasks?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes of weights from which on they stand in a file beside the model; default what protobuf can hold. */
  readonly largestMessage?: number;
}

/** What was written. */
export interface OnnxFile {
  readonly files: readonly string[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: number;
  /** Weights that the computation reads. */
  readonly weights: number;
}

/** An input or output for people: `float32 [batch, sequence, 384]`. */
export function describeValue({ type, shape }: GraphValue): string {
  return `${type} [${shape.map(dimensionText).join(", ")}]`;
}

/**
 * Writes a computation as an ONNX file whose named axes are dynamic.
 *
 * The computation runs once for each size of the axes on the backend in use (`cpu`), every kernel is written down, and what
 * differs between the runs becomes a function of the axes: so whatever a model is made of, no code of its own is needed.
 *
 * @param path `.onnx`; weights too large for one file go to `<path>.data`
 * @throws InputError `onnx.kernel` or `onnx.trace` naming the line of code that has no counterpart; RunError `runtime.write`
 */
export async function exportOnnx(path: string, model: OnnxExport): Promise<OnnxFile> {
  const { axes, weights, name, metadata = {} } = model;
  const samples = [await model.sample(0), await model.sample(1), await model.sample(2)] as const;
  const traces = samples.map((sample) => traceOf(sample, weights));
  const inputs = inputsOf(traces, Object.keys(samples[0].inputs), axes, model.integerMasks ?? []);
  const graph = new GraphBuilder(placesOf(inputs));
  const names = new Map([...weights].map(([weight, { id }]) => [id, weight]));
  for (const input of inputs) names.set(input.tensor.id, castInput(input, graph));
  const trace = generalise(traces, axes);
  translate(trace, axes, graph, names);
  const outputs = nameOutputs(trace, graph, names);
  const nodes = neededNodes(graph.nodes, Object.keys(trace.outputs));
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const isRead = (value: { readonly name: string }) => read.has(value.name);
  const initializers = [...[...weights].map(initializer), ...graph.initializers].filter(isRead);
  const values = { inputs: inputs.map(({ value }) => value).filter(isRead), outputs };
  const files = await writeModel(path, { name, metadata, nodes, initializers, ...values }, model.largestMessage);
  return {
    files,
    ...values,
    nodes: nodes.length,
    weights: [...weights.keys()].filter((weight) => read.has(weight)).length,
  };
}

function traceOf({ inputs, compute }: Sample, weights: OnnxExport["weights"]): Trace {
  const tensors = toDevice(inputs);
  try {
    const given = new Map<string, RecordedTensor>([...Object.entries(tensors), ...weights]);
    return { recording: recordKernels(() => compute(tensors)), given };
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

/** Gives the outputs their names: through a node of their own, so that one value may be two outputs, or an input be one. */
function nameOutputs({ outputs }: GeneralTrace, graph: GraphBuilder, names: ReadonlyMap<number, string>): GraphValue[] {
  return Object.entries(outputs).map(([name, { id, type, shape }]) => {
    graph.nodes.push({ operator: "Identity", inputs: [names.get(id) as string], outputs: [name], attributes: {} });
    return { name, type, shape };
  });
}

function neededNodes(nodes: readonly Node[], outputs: readonly string[]): readonly Node[] {
  const needed = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    const isNeeded = node.outputs.some((output) => needed.has(output));
    if (isNeeded) for (const input of node.inputs) needed.add(input);
    return isNeeded;
  });
  return kept.reverse();
}

function initializer([name, tensor]: readonly [string, tf.Tensor]): Initializer {
  const { shape, dtype } = tensor;
  return {
    name,
    type: dtype as "float32" | "int32" | "bool",
    shape,
    bytes: () => {
      const { buffer, byteOffset, byteLength } = tensor.dataSync();
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}
