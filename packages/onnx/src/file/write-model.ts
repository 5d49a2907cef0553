import { basename } from "node:path";
import { writeFileAtomic } from "@kgraft/runtime";
import { dimensionText, isFixed } from "../trace/dimension.ts";
import { elementTypes } from "./element-type.ts";
import { floats, integer, integers, type Message, message, nested, nestedList, text, texts } from "./message.ts";
import type { Attribute, GraphValue, Initializer, Model, Node } from "./model.ts";

/** The operator set that files are written in: the first with LayerNormalization, read by ONNX Runtime 1.12 and newer. */
export const OPSET = 17;
const IR_VERSION = 8;

/** Protobuf holds no message of 2 GiB; from this many bytes of weights on they go to a file of their own. */
const LARGEST_MESSAGE = 2 ** 31 - 2 ** 24;

/** Where a weight's bytes lie in the file beside the model: at multiples of a page, so that they can be mapped. */
const PAGE = 4096;

/** A file beside the model that holds the large weights. */
interface ExternalFile {
  readonly name: string;
  readonly places: ReadonlyMap<Initializer, { readonly offset: number; readonly length: number }>;
}

/**
 * Writes a model file. Weights of 2 GiB and more together stand in `<file>.data` beside it, and the file refers to them.
 *
 * @param largestMessage bytes of weights from which on they stand beside the model
 * @returns the names of the files written
 * @throws RunError `runtime.write`
 * @source onnx/onnx.proto of https://github.com/onnx/onnx, whose field numbers stand below
 */
export async function writeModel(
  path: string,
  model: Model,
  largestMessage: number = LARGEST_MESSAGE,
): Promise<readonly string[]> {
  const total = model.initializers.reduce((sum, initializer) => sum + sizeOf(initializer), 0);
  const external = total < largestMessage ? undefined : placesBeside(`${basename(path)}.data`, model.initializers);
  if (external !== undefined) await writeFileAtomic(`${path}.data`, externalBytes(external));
  await writeFileAtomic(path, modelMessage(model, external));
  return external === undefined ? [basename(path)] : [basename(path), external.name];
}

const elementSize = { float32: 4, int32: 4, int64: 8, bool: 1 } as const;

function sizeOf({ type, shape }: Initializer): number {
  return shape.reduce((product, extent) => product * extent, elementSize[type]);
}

function placesBeside(name: string, initializers: readonly Initializer[]): ExternalFile {
  const places = new Map<Initializer, { offset: number; length: number }>();
  let offset = 0;
  // Shapes and axes are small and are read while the graph is: they stay in the model.
  for (const initializer of initializers.filter(({ type }) => type === "float32")) {
    const length = sizeOf(initializer);
    places.set(initializer, { offset, length });
    offset = Math.ceil((offset + length) / PAGE) * PAGE;
  }
  return { name, places };
}

async function* externalBytes({ places }: ExternalFile): AsyncGenerator<Uint8Array> {
  let written = 0;
  for (const [initializer, { offset, length }] of places) {
    if (offset > written) yield new Uint8Array(offset - written);
    yield initializer.bytes();
    written = offset + length;
  }
}

function modelMessage(model: Model, external: ExternalFile | undefined): Message {
  return message(
    integer(1, IR_VERSION),
    text(2, "kgraft"),
    nested(7, graphMessage(model, external)),
    nested(8, message(text(1, ""), integer(2, OPSET))),
    nestedList(
      14,
      Object.entries(model.metadata).map(([key, value]) => pair(key, value)),
    ),
  );
}

function graphMessage(model: Model, external: ExternalFile | undefined): Message {
  return message(
    nestedList(1, model.nodes.map(nodeMessage)),
    text(2, model.name),
    nestedList(
      5,
      model.initializers.map((initializer) => tensorMessage(initializer, external)),
    ),
    nestedList(11, model.inputs.map(valueMessage)),
    nestedList(12, model.outputs.map(valueMessage)),
  );
}

function nodeMessage({ operator, inputs, outputs, attributes }: Node): Message {
  return message(
    texts(1, inputs),
    texts(2, outputs),
    text(3, outputs[0] ?? operator),
    text(4, operator),
    nestedList(
      5,
      Object.entries(attributes).map(([name, value]) => attributeMessage(name, value)),
    ),
  );
}

/** Fields by kind, then `AttributeProto.AttributeType`. */
function attributeMessage(name: string, value: Attribute): Message {
  if ("float" in value) return message(text(1, name), floats(2, [value.float]), integer(20, 1));
  if ("int" in value) return message(text(1, name), integer(3, value.int), integer(20, 2));
  if ("string" in value) return message(text(1, name), text(4, value.string), integer(20, 3));
  if ("tensor" in value)
    return message(text(1, name), nested(5, tensorMessage(value.tensor, undefined)), integer(20, 4));
  return message(text(1, name), integers(8, value.ints), integer(20, 7));
}

function tensorMessage(initializer: Initializer, external: ExternalFile | undefined): Message {
  const head = message(
    integers(1, initializer.shape),
    integer(2, elementTypes[initializer.type]),
    text(8, initializer.name),
  );
  const place = external?.places.get(initializer);
  if (external === undefined || place === undefined) return message(head, nested(9, [initializer.bytes()]));
  const where = { location: external.name, offset: String(place.offset), length: String(place.length) };
  return message(
    head,
    nestedList(
      13,
      Object.entries(where).map(([key, value]) => pair(key, value)),
    ),
    integer(14, 1),
  );
}

function valueMessage({ name, type, shape }: GraphValue): Message {
  const extents = shape.map((extent) => (isFixed(extent) ? integer(1, extent.offset) : text(2, dimensionText(extent))));
  const tensor = message(integer(1, elementTypes[type]), nested(2, nestedList(1, extents)));
  return message(text(1, name), nested(2, nested(1, tensor)));
}

const pair = (key: string, value: string): Message => message(text(1, key), text(2, value));
