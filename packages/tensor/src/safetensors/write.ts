import { InputError, writeFileAtomic } from "@kgraft/runtime";
import type { HostArray } from "../contract.ts";
import { shapeText, sizeOf } from "../shapes.ts";
import { type ElementType, elementBytes, layoutRank, writtenType } from "./element-types.ts";
import { longestHeader } from "./header.ts";

/** A tensor to be written; `data` is asked for when its turn comes, so that few are in memory at a time. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: HostArray["dtype"];
  readonly shape: readonly number[];
  data(): HostArray["data"] | Promise<HostArray["data"]>;
}

/** What is written into a file where nothing else is asked for: older readers of PyTorch models want it. */
export const pytorchMetadata: Readonly<Record<string, string>> = { format: "pt" };

/**
 * Writes tensors into a safetensors file, in one stream and under a temporary name until all are there.
 *
 * They stand by falling alignment, then by name, so that the same tensors give the same bytes in whatever order they come.
 *
 * @throws InputError `tensor.safetensors.write` where a name is doubled or data does not fill its shape
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = pytorchMetadata,
): Promise<void> {
  const ordered = [...tensors].sort(inLayoutOrder);
  for (const [i, { name }] of ordered.entries())
    if (name === ordered[i + 1]?.name) throw refuseWrite(path, name, "is given twice");
  await writeFileAtomic(path, fileBytes(path, ordered, metadata));
}

/** The same for arrays that are at hand. */
export function hostTensors(arrays: Iterable<readonly [string, HostArray]>): TensorToWrite[] {
  return Array.from(arrays, ([name, array]) => ({
    name,
    dtype: array.dtype,
    shape: array.shape,
    data: () => array.data,
  }));
}

async function* fileBytes(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const entries = tensors.map(({ name, dtype, shape }) => ({ name, dtype: writtenType(dtype), shape }));
  yield headerBytes(path, entries, metadata);
  for (const tensor of tensors) yield arrayBytes(path, tensor, await tensor.data());
}

/** What the header says of one tensor, in the order of the data. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Length and JSON of a header, padded so that the data begins at a multiple of 8. */
export function headerBytes(
  path: string,
  entries: Iterable<HeaderEntry>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let begin = 0;
  for (const { name, dtype, shape } of entries) {
    const end = begin + sizeOf(shape) * elementBytes[dtype];
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = `{${header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",")}}`;
  const text = Buffer.from(json, "utf8");
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  if (padded.length - 8 > longestHeader)
    throw new InputError({
      code: "tensor.safetensors.write",
      at: path,
      problem: `${header.length} tensors need a header of ${padded.length - 8} bytes`,
      wanted: `The format allows ${longestHeader}`,
      fix: "Split the input over several files",
    });
  padded.writeBigUInt64LE(BigInt(padded.length - 8), 0);
  text.copy(padded, 8);
  return padded;
}

/** The little-endian bytes of an array, checked against its shape. */
export function arrayBytes(
  path: string,
  { name, shape }: Pick<TensorToWrite, "name" | "shape">,
  data: HostArray["data"],
): Uint8Array {
  if (data.length !== sizeOf(shape))
    throw refuseWrite(path, name, `has ${data.length} values`, `${shapeText(shape)} takes ${sizeOf(shape)}`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** An error about one tensor that is to be written. */
export function refuseWrite(path: string, name: string, problem: string, wanted?: string): InputError {
  return new InputError({ code: "tensor.safetensors.write", at: `${path}: ${name}`, problem, wanted });
}

function inLayoutOrder(a: TensorToWrite, b: TensorToWrite): number {
  const rank = layoutRank(writtenType(a.dtype)) - layoutRank(writtenType(b.dtype));
  return rank || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
