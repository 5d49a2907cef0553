import { readFileSync } from "node:fs";

/** A number in a TensorBoard event file. */
export interface LoggedValue {
  readonly tag: string;
  readonly step: number;
  readonly value: number;
}

/** CRC-32C bit by bit, from its polynomial. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** Fields of one protobuf message: number and raw content. */
function* fields(bytes: Buffer): Generator<{ field: number; varint: number; content: Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, type] = [Math.floor(key / 8), key % 8];
    if (type === 0) {
      yield { field, varint: varint(), content: Buffer.alloc(0) };
      continue;
    }
    const length = type === 1 ? 8 : type === 5 ? 4 : varint();
    yield { field, varint: 0, content: bytes.subarray(at, at + length) };
    at += length;
  }
}

/**
 * Reads an event file: the version it states and every scalar.
 *
 * @throws Error where a record's checksum is wrong
 */
export function readEvents(path: string): { readonly version: string; readonly values: readonly LoggedValue[] } {
  const file = readFileSync(path);
  let version = "";
  const values: LoggedValue[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    if (unmask(file.readUInt32LE(at + 8)) !== crc32c(file.subarray(at, at + 8))) throw new Error("length checksum");
    if (unmask(file.readUInt32LE(at + 12 + length)) !== crc32c(data)) throw new Error("data checksum");
    at += length + 16;
    let step = 0;
    for (const { field, varint, content } of fields(data)) {
      if (field === 2) step = varint;
      if (field === 3) version = content.toString("utf8");
      if (field === 5) for (const summary of fields(content)) values.push({ step, ...scalar(summary.content) });
    }
  }
  return { version, values };
}

function scalar(bytes: Buffer): { tag: string; value: number } {
  const found = { tag: "", value: Number.NaN };
  for (const { field, content } of fields(bytes)) {
    if (field === 1) found.tag = content.toString("utf8");
    if (field === 2) found.value = content.readFloatLE(0);
  }
  return found;
}
