import { type FileHandle, open } from "node:fs/promises";
import { InputError, messageOf } from "@kgraft/runtime";
import type { HostArray } from "../contract.ts";
import { nearestNames } from "../nearest-names.ts";
import { decode, type ElementType, elementBytes } from "../safetensors/element-types.ts";
import { bytesAt } from "../safetensors/header.ts";
import { sizeOf } from "../shapes.ts";
import { archiveLayout, type Layout } from "./archive-layout.ts";
import { PickleRefusal } from "./pickled.ts";
import { sequenceLayout, sequenceMagic } from "./sequence-layout.ts";
import { type StoredNumbers, type StoredTensor, tensorsOf } from "./tensor-world.ts";

/**
 * Reads tensors of a file that `torch.save` wrote (`pytorch_model.bin`), by name and without loading the rest.
 *
 * Such a file is a pickle, which in Python may run anything. Here nothing of it is run: it is read as data, and a file that
 * names anything but dictionaries, tensors and their storages is refused.
 *
 * @source torch/serialization.py, both layouts: the zip archive since 1.6 and the sequence of pickles before
 */
export class PyTorchFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #layout: Layout;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  private constructor(path: string, file: FileHandle, layout: Layout, tensors: ReadonlyMap<string, StoredTensor>) {
    this.path = path;
    this.#file = file;
    this.#layout = layout;
    this.#tensors = tensors;
  }

  /**
   * Opens a file and lists its tensors. Close it after use.
   *
   * @throws InputError `tensor.pytorch` saying what in it is no plain weight
   */
  static async open(path: string): Promise<PyTorchFile> {
    const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
      throw refusal(path, cause.code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(cause)}`);
    });
    try {
      const layout = await layoutOf(path, file);
      return new PyTorchFile(path, file, layout, tensorsOf(layout.state));
    } catch (thrown) {
      await file.close();
      throw thrown instanceof PickleRefusal || !(thrown instanceof InputError)
        ? refusal(path, messageOf(thrown), thrown)
        : thrown;
    }
  }

  /** All names, in the order of the file. */
  names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /** Type and shape of a tensor. @throws InputError `tensor.pytorch` with the nearest names */
  info(name: string): { readonly dtype: ElementType; readonly shape: readonly number[] } {
    const { storage, shape } = this.#tensor(name);
    return { dtype: storage.type, shape };
  }

  /**
   * Reads one tensor: floats of 16 and 32 bits as float32, integers of 32 and (checked) 64 bits as int32, bool. The array is
   * the caller's.
   *
   * @throws InputError `tensor.pytorch` for another type, or numbers that are not there
   */
  async read(name: string): Promise<HostArray> {
    const { storage, offset, shape, strides } = this.#tensor(name);
    const width = elementBytes[storage.type];
    const count =
      sizeOf(shape) === 0 ? 0 : 1 + shape.reduce((sum, extent, i) => sum + (extent - 1) * (strides[i] ?? 0), 0);
    const bytes = await this.#bytes(storage, offset * width, count * width, name);
    const decoded = decode(storage.type, isContiguous(shape, strides) ? bytes : gathered(bytes, width, shape, strides));
    if (decoded === undefined) throw refusal(`${this.path}: ${name}`, `has type ${storage.type}`);
    if ("outOfRange" in decoded)
      throw refusal(`${this.path}: ${name}`, `holds ${decoded.outOfRange}, more than 32 bits`);
    return { ...decoded, shape };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #bytes(storage: StoredNumbers, from: number, length: number, name: string): Promise<Uint8Array> {
    try {
      return await bytesAt(this.#file, this.#layout.startOf(storage) + from, length);
    } catch (cause) {
      throw refusal(`${this.path}: ${name}`, `cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  #tensor(name: string): StoredTensor {
    const tensor = this.#tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw refusal(this.path, `holds no tensor "${name}". ${nearestNames(name, [...this.#tensors.keys()])}`);
  }
}

async function layoutOf(path: string, file: FileHandle): Promise<Layout> {
  const head = Buffer.from(await bytesAt(file, 0, Math.min(sequenceMagic.length, (await file.stat()).size)));
  if (head.subarray(0, 4).toString("latin1") === "PK\x03\x04") return archiveLayout(path, file);
  if (head.equals(sequenceMagic)) return sequenceLayout(file);
  throw new PickleRefusal("is no file that torch.save wrote");
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] as number;
  }
  return true;
}

/** The elements of a view in the order of its own axes. */
function gathered(bytes: Uint8Array, width: number, shape: readonly number[], strides: readonly number[]): Uint8Array {
  const result = new Uint8Array(sizeOf(shape) * width);
  const place = shape.map(() => 0);
  for (let at = 0; at < result.length; at += width) {
    const from = place.reduce((sum, index, axis) => sum + index * (strides[axis] as number), 0) * width;
    result.set(bytes.subarray(from, from + width), at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < (shape[axis] as number)) break;
      place[axis] = 0;
    }
  }
  return result;
}

function refusal(at: string, problem: string, cause?: unknown): InputError {
  return new InputError({
    code: "tensor.pytorch",
    at,
    problem,
    wanted: "Wanted the tensors of a state_dict as torch.save writes them, and nothing else",
    fix: "In Python, torch.save(model.state_dict(), …) or save_pretrained writes plain weights",
    cause,
  });
}
