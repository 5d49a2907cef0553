import type { HostArray } from "../contract.ts";

/** Bytes of one element of each dtype of the format, in the order in which a writer lays the types out. */
export const elementBytes = {
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** A dtype of the safetensors format. */
export type ElementType = keyof typeof elementBytes;

/** The dtypes that are written: what a host array holds. */
export type WrittenType = "F32" | "I32" | "BOOL";

/** Where a dtype stands in a file: largest alignment first. */
export function layoutRank(type: ElementType): number {
  return Object.keys(elementBytes).indexOf(type);
}

/** The dtype under which a host array is written. */
export function writtenType(dtype: HostArray["dtype"]): WrittenType {
  return dtype === "float32" ? "F32" : dtype === "int32" ? "I32" : "BOOL";
}

/** What the bytes of a tensor become on the host; undefined where the value is out of range (I64 beyond int32). */
export function decode(
  type: ElementType,
  bytes: Uint8Array,
): Pick<HostArray, "dtype" | "data"> | { outOfRange: bigint } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength / elementBytes[type];
  switch (type) {
    case "F32":
      return { dtype: "float32", data: new Float32Array(aligned(bytes), 0, length) };
    case "F16":
      return {
        dtype: "float32",
        data: Float32Array.from({ length }, (_, i) => halfToFloat(view.getUint16(2 * i, true))),
      };
    case "BF16":
      return { dtype: "float32", data: brainToFloat(view, length) };
    case "I32":
      return { dtype: "int32", data: new Int32Array(aligned(bytes), 0, length) };
    case "I64":
      return longToInt(view, length);
    case "U8":
      return { dtype: "int32", data: Int32Array.from(bytes) };
    case "BOOL":
      return { dtype: "bool", data: new Uint8Array(bytes) };
    default:
      return undefined;
  }
}

/** The buffer of these bytes alone, at offset 0. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function brainToFloat(view: DataView, length: number): Float32Array {
  const bits = Uint32Array.from({ length }, (_, i) => view.getUint16(2 * i, true) << 16);
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function longToInt(view: DataView, length: number): { dtype: "int32"; data: Int32Array } | { outOfRange: bigint } {
  const data = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const value = view.getBigInt64(8 * i, true);
    if (value !== BigInt.asIntN(32, value)) return { outOfRange: value };
    data[i] = Number(value);
  }
  return { dtype: "int32", data };
}
