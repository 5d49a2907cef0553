import { type FileHandle, open } from "node:fs/promises";
import { messageOf } from "@kgraft/runtime";
import type { HostArray } from "../contract.ts";
import { nearestNames } from "../nearest-names.ts";
import { decode } from "./element-types.ts";
import { bytesAt, type Header, readHeader, refusal, type TensorInfo } from "./header.ts";

/**
 * Reads tensors of a safetensors file by name, without loading the rest.
 *
 * @source https://github.com/huggingface/safetensors (the format's README); the same files are refused
 */
export class SafetensorsFile {
  readonly path: string;
  /** Strings that the writer left, such as `format`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #tensors: Header["tensors"];
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, header: Header) {
    this.path = path;
    this.#file = file;
    this.#tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /**
   * Opens a file and checks its header. Close it after use.
   *
   * @throws InputError `tensor.safetensors` naming file and tensor
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
      throw refusal(path, cause.code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(cause)}`);
    });
    try {
      if ((await file.stat()).isDirectory()) throw refusal(path, "is a folder", "Wanted a safetensors file");
      return new SafetensorsFile(path, file, await readHeader(file, path));
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** All names, in the order of the header. */
  names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Dtype, shape and place of a tensor. @throws InputError `tensor.safetensors` with the nearest names */
  info(name: string): TensorInfo {
    const info = this.#tensors.get(name);
    if (info === undefined)
      throw refusal(this.path, `holds no tensor "${name}"`, nearestNames(name, [...this.#tensors.keys()]));
    return info;
  }

  /**
   * Reads one tensor: F32, F16 and BF16 as float32, I32, U8 and I64 (checked) as int32, BOOL as bool. The array is the
   * caller's.
   *
   * @throws InputError `tensor.safetensors` for another dtype, or an I64 beyond int32
   */
  async read(name: string): Promise<HostArray> {
    const { dtype, shape, start, end } = this.info(name);
    const bytes = await bytesAt(this.#file, start, end - start).catch((cause: unknown) => {
      throw refusal(this.path, `cannot be read: ${messageOf(cause)}`, undefined, name);
    });
    const decoded = decode(dtype, bytes);
    if (decoded === undefined)
      throw refusal(this.path, `has dtype ${dtype}`, "Wanted F32, F16, BF16, I32, I64, U8 or BOOL", name);
    if ("outOfRange" in decoded)
      throw refusal(this.path, `holds ${decoded.outOfRange}`, "Wanted values of 32 bits", name);
    return { ...decoded, shape };
  }

  /** Reads one tensor that must be of a float type. */
  async readFloats(name: string): Promise<Float32Array> {
    const { data, dtype } = await this.read(name);
    if (data instanceof Float32Array) return data;
    throw refusal(this.path, `holds ${dtype} values`, "Wanted F32, F16 or BF16", name);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
