import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { endianness } from "node:os";
import { basename, join } from "node:path";
import { InputError, messageOf, RunError, writeFileAtomic } from "@kgraft/runtime";
import type { Relation } from "../graph.ts";
import type { CompactGraph, CompactParts } from "./compact-graph.ts";

const magic = "KGRAFTG1";

/** The sizes that stand before the arrays. */
interface Header {
  readonly entities: number;
  readonly triples: number;
  readonly idBytes: number;
  readonly fieldBytes: number;
  readonly relations: readonly Relation[];
}

/**
 * Writes a graph as `<sha256 of the content>.kgraph` in a folder: 8 bytes `KGRAFTG1`, the header's length (uint32), the
 * header (JSON), zeros up to a multiple of 8, then id offsets and field offsets (float64), triples (int32), ids, fields.
 * All numbers are little-endian. A file of that name is left as it is.
 *
 * @returns the file's name
 */
export async function writeSnapshot(graph: CompactGraph, folder: string): Promise<string> {
  assertLittleEndian();
  const sections = sectionsOf(graph.parts);
  const hash = createHash("sha256");
  for (const section of sections) hash.update(section);
  const name = `${hash.digest("hex")}.kgraph`;
  await writeFileAtomic(join(folder, name), sections);
  return name;
}

/**
 * Reads what {@link writeSnapshot} wrote, and checks it against its name.
 *
 * @throws InputError `kg.snapshot.read` where it is missing or not as it was written
 */
export async function readSnapshot(path: string): Promise<{ readonly parts: CompactParts; readonly revision: string }> {
  assertLittleEndian();
  const bytes = await readBytes(path);
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (`${hash}.kgraph` !== basename(path)) throw damaged(path, "its content is not what its name says");
  return { parts: partsOf(bytes), revision: hash };
}

function sectionsOf({ ids, fields, relations, triples }: CompactParts): readonly Uint8Array[] {
  const header: Header = {
    entities: ids.offsets.length - 1,
    triples: triples.length / 3,
    idBytes: ids.bytes.length,
    fieldBytes: fields.bytes.length,
    relations,
  };
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(Math.ceil((12 + text.length) / 8) * 8);
  start.write(magic, "latin1");
  start.writeUInt32LE(text.length, 8);
  text.copy(start, 12);
  const arrays = [ids.offsets, fields.offsets, triples];
  return [
    start,
    ...arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    ids.bytes,
    fields.bytes,
  ];
}

function partsOf(bytes: Buffer): CompactParts {
  const headerLength = bytes.readUInt32LE(8);
  const header = JSON.parse(bytes.toString("utf8", 12, 12 + headerLength)) as Header;
  let at = Math.ceil((12 + headerLength) / 8) * 8;
  const take = (length: number) => {
    at += length;
    return at - length;
  };
  const offsets = () => new Float64Array(bytes.buffer, take(8 * (header.entities + 1)), header.entities + 1);
  const idOffsets = offsets();
  const fieldOffsets = offsets();
  const triples = new Int32Array(bytes.buffer, take(12 * header.triples), 3 * header.triples);
  const text = (length: number) => bytes.subarray(take(length), at);
  return {
    ids: { offsets: idOffsets, bytes: text(header.idBytes) },
    fields: { offsets: fieldOffsets, bytes: text(header.fieldBytes) },
    relations: header.relations,
    triples,
  };
}

/** Reads a file into memory of its own, so that views of 8 bytes are aligned; files may be larger than 2 GiB. */
async function readBytes(path: string): Promise<Buffer> {
  const file = await open(path).catch((cause) => {
    throw damaged(path, `it cannot be read: ${messageOf(cause)}`);
  });
  try {
    const { size } = await file.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 1 << 30), at);
      if (bytesRead === 0) throw damaged(path, "it became shorter while it was read");
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

function damaged(path: string, problem: string): InputError {
  return new InputError({
    code: "kg.snapshot.read",
    at: path,
    problem: `the snapshot of the graph is damaged: ${problem}`,
    fix: "Read the graph again with graph.refresh: true",
  });
}

function assertLittleEndian(): void {
  if (endianness() === "LE") return;
  throw new RunError({
    code: "kg.snapshot.endian",
    at: "kg.snapshot",
    problem: "this machine is big-endian",
    wanted: "Snapshots are little-endian",
    fix: "Use graph.mode: live",
  });
}
