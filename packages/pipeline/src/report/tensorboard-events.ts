import { hostname } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { writeFileAtomic } from "@kgraft/runtime";
import type { Curve } from "./curve.ts";

/** Table of CRC-32C (Castagnoli), reflected. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C of bytes. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum of a TFRecord: rotated and offset, so that a record holding records keeps distinct sums. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Frames one record: length, its checksum, data, its checksum. @source TensorFlow's TFRecord format */
function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedChecksum(data), true);
  return record;
}

/** One `tensorflow.Event`: field 1 wall time, 2 step, 3 file version, 5 summary of values { 1 tag, 2 simple value }. */
function event(
  wallTime: number,
  step: number,
  content: { readonly version: string } | { readonly tag: string; readonly value: number },
): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(wallTime).tag(2, WireType.Varint).int64(step);
  if ("version" in content) return frame(writer.tag(3, WireType.LengthDelimited).string(content.version).finish());
  writer.tag(5, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(content.tag).tag(2, WireType.Bit32).float(content.value);
  return frame(writer.join().join().finish());
}

/**
 * Writes curves as a TensorBoard event file into a folder.
 *
 * @param started seconds since 1970 at which step 0 is shown
 */
export async function writeTensorboardEvents(
  folder: string,
  curves: readonly Curve[],
  started: number,
): Promise<string> {
  const records = [event(started, 0, { version: "brain.Event:2" })];
  for (const { name, points } of curves) {
    for (const { step, value, seconds } of points) records.push(event(started + seconds, step, { tag: name, value }));
  }
  const path = join(folder, `events.out.tfevents.${Math.floor(started)}.${hostname()}`);
  await writeFileAtomic(path, records);
  return path;
}
