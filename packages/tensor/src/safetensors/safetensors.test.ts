import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostArray, hostTensors, SafetensorsFile, SafetensorsStream, writeSafetensors } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file of this header and this many bytes of data. */
function file(header: string | Uint8Array, data: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(header as string);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const float = (shape: number[], ...data: number[]): HostArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});

describe("reading", () => {
  /** The bytes stand as the format's description gives them; the values were worked out by hand. */
  it("decodes every dtype that a model holds", async () => {
    const header = JSON.stringify({
      __metadata__: { format: "pt", origin: "hand" },
      long: { dtype: "I64", shape: [2], data_offsets: [0, 16] },
      float: { dtype: "F32", shape: [1, 2], data_offsets: [16, 24] },
      int: { dtype: "I32", shape: [1], data_offsets: [24, 28] },
      brain: { dtype: "BF16", shape: [3], data_offsets: [28, 34] },
      half: { dtype: "F16", shape: [6], data_offsets: [34, 46] },
      byte: { dtype: "U8", shape: [2], data_offsets: [46, 48] },
      flag: { dtype: "BOOL", shape: [2], data_offsets: [48, 50] },
      empty: { dtype: "F32", shape: [0, 7], data_offsets: [50, 50] },
      double: { dtype: "F64", shape: [], data_offsets: [50, 58] },
    });
    const data = Buffer.alloc(58);
    data.writeBigInt64LE(-5n, 0);
    data.writeBigInt64LE(2147483647n, 8);
    data.writeFloatLE(1.5, 16);
    data.writeFloatLE(Number.NaN, 20);
    data.writeInt32LE(-7, 24);
    // 1, -2 and the nearest to pi of 8 bits
    for (const [i, bits] of [0x3f80, 0xc000, 0x4049].entries()) data.writeUInt16LE(bits, 28 + 2 * i);
    // 1, -2, the largest, the least subnormal, infinity, a third
    for (const [i, bits] of [0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3555].entries())
      data.writeUInt16LE(bits, 34 + 2 * i);
    data.set([255, 1, 1, 0], 46);
    const path = join(folder, "types.safetensors");
    await writeFile(path, file(header, data));
    const opened = await SafetensorsFile.open(path);
    expect(opened.metadata).toEqual({ format: "pt", origin: "hand" });
    expect(opened.names()).toHaveLength(9);
    expect(await opened.read("long")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(-5, 2147483647) });
    expect(await opened.read("float")).toEqual(float([1, 2], 1.5, Number.NaN));
    expect(await opened.read("int")).toEqual({ dtype: "int32", shape: [1], data: Int32Array.of(-7) });
    expect(await opened.read("brain")).toEqual(float([3], 1, -2, 3.140625));
    expect(await opened.read("half")).toEqual(
      float([6], 1, -2, 65504, 2 ** -24, Number.POSITIVE_INFINITY, 0.333251953125),
    );
    expect(await opened.read("byte")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(255, 1) });
    expect(await opened.read("flag")).toEqual({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
    expect(await opened.read("empty")).toEqual(float([0, 7]));
    await expect(opened.read("double")).rejects.toThrow(
      `${path}: double: has dtype F64. Wanted F32, F16, BF16, I32, I64, U8 or BOOL.`,
    );
    await expect(opened.read("flaot")).rejects.toThrow(`${path}: holds no tensor "flaot". Nearest: float, flag`);
    await expect(opened.readFloats("int")).rejects.toThrow("int: holds int32 values. Wanted F32, F16 or BF16.");
    await opened.close();
  });

  it("refuses a long integer beyond 32 bits", async () => {
    const data = Buffer.alloc(8);
    data.writeBigInt64LE(2147483648n);
    const path = join(folder, "long.safetensors");
    await writeFile(path, file('{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', data));
    const opened = await SafetensorsFile.open(path);
    await expect(opened.read("ids")).rejects.toThrow(`${path}: ids: holds 2147483648. Wanted values of 32 bits.`);
    await opened.close();
  });

  const entry = (name: string, begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32"): string =>
    `"${name}":{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
  const long = Buffer.alloc(16);
  long.writeBigUInt64LE(100_000_001n);
  const cases: Record<string, [Buffer, string]> = {
    short: [Buffer.from("abc"), ": has 3 bytes"],
    "a header too long": [long, ": says that its header has 100000001 bytes. The format allows 100000000"],
    "a header past the end": [file("{}").subarray(0, 9), "header has 2 bytes, but the file ends after 9"],
    "not UTF-8": [file(Uint8Array.of(0x7b, 0xff, 0x7d)), "the header is not JSON in UTF-8"],
    "not JSON": [file('{"a"'), "the header is not JSON in UTF-8"],
    "not an object": [file("[]"), "the header is not a JSON object"],
    "a leading space": [file(" {}"), 'Wanted it to begin with "{"'],
    "a doubled name": [file(`{${entry("a", 0, 4)},${entry("a", 4, 8)}}`, Buffer.alloc(8)), '"a" stands twice'],
    "a doubled name, escaped": [
      file(`{${entry("a", 0, 4)},${entry("\\u0061", 4, 8)}}`, Buffer.alloc(8)),
      '"a" stands twice',
    ],
    "an unknown dtype": [
      file(`{${entry("a", 0, 4, [1], "F13")}}`, Buffer.alloc(4)),
      'a: has dtype "F13". Wanted one of',
    ],
    "a negative shape": [file(`{${entry("a", 0, 4, [-1])}}`, Buffer.alloc(4)), "a: has shape [-1]"],
    "offsets of one": [
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', Buffer.alloc(4)),
      "a: has data_offsets [0]. Wanted [begin, end]",
    ],
    "another size": [file(`{${entry("a", 0, 8, [3])}}`, Buffer.alloc(8)), "a: holds 8 bytes. F32 [3] takes 12"],
    "an overflow": [file(`{${entry("a", 0, 8, [2 ** 40, 2 ** 40])}}`, Buffer.alloc(8)), "impossible shape"],
    "a hole": [file(`{${entry("a", 0, 4)},${entry("b", 8, 12)}}`, Buffer.alloc(12)), "b: begins at byte 8 of the data"],
    "an overlap": [file(`{${entry("a", 0, 8)},${entry("b", 4, 12)}}`, Buffer.alloc(12)), "b: begins at byte 4"],
    "cut data": [file(`{${entry("a", 0, 8)}}`, Buffer.alloc(7)), "but the file ends after"],
    "bytes left over": [file(`{${entry("a", 0, 8)}}`, Buffer.alloc(9)), "has 1 bytes after the last tensor"],
    "metadata of numbers": [file('{"__metadata__":{"epoch":3}}'), "__metadata__: is not a record of strings"],
  };
  it.each(Object.entries(cases))("refuses %s", async (_, [bytes, message]) => {
    const path = join(folder, "bad.safetensors");
    await writeFile(path, bytes);
    const error: Error = await SafetensorsFile.open(path).then(
      () => new Error("it was read"),
      (thrown: Error) => thrown,
    );
    expect(error.message).toContain(message);
    expect(error.message.startsWith(path)).toBe(true);
    expect(error).toMatchObject({ code: "tensor.safetensors", exitCode: 2 });
  });

  it("says that a file is missing or a folder", async () => {
    await expect(SafetensorsFile.open(join(folder, "none"))).rejects.toThrow("none: no such file.");
    await expect(SafetensorsFile.open(folder)).rejects.toThrow(`${folder}: is a folder. Wanted a safetensors file.`);
  });
});

describe("writing", () => {
  const arrays: [string, HostArray][] = [
    ["mask", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ["ids", { dtype: "int32", shape: [2], data: Int32Array.of(-1, 5) }],
    ["b.weight", float([2, 1], 3, 4)],
    ["a.weight", float([], 2)],
    ["none", float([0])],
  ];

  it("lays tensors out by alignment, then name, whatever their order", async () => {
    const path = join(folder, "written.safetensors");
    await writeSafetensors(path, hostTensors(arrays));
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const json = bytes.subarray(8, 8 + length).toString();
    expect(json.trimEnd()).toBe(
      '{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
        '"b.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"none":{"dtype":"F32","shape":[0],"data_offsets":[12,12]},' +
        '"ids":{"dtype":"I32","shape":[2],"data_offsets":[12,20]},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[20,23]}}',
    );
    expect([...bytes.subarray(8 + length)]).toEqual([
      ...new Uint8Array(Float32Array.of(2, 3, 4).buffer),
      ...new Uint8Array(Int32Array.of(-1, 5).buffer),
      ...[1, 0, 1],
    ]);
    const other = join(folder, "other.safetensors");
    await writeSafetensors(other, hostTensors([...arrays].reverse()));
    expect(await readFile(other)).toEqual(bytes);
    const opened = await SafetensorsFile.open(path);
    for (const [name, array] of arrays) expect(await opened.read(name)).toEqual(array);
    await opened.close();
  });

  it("streams tensors whose number is not known", async () => {
    const path = join(folder, "stream.safetensors");
    const stream = new SafetensorsStream(path);
    const row = Float32Array.from({ length: 1000 }, (_, i) => i);
    for (let i = 0; i < 700; i++) {
      await stream.add(`input_ids.${i}`, { dtype: "int32", shape: [2], data: Int32Array.of(i, -i) });
      row[0] = i;
      await stream.add(`last_hidden_state.${i}`, { dtype: "float32", shape: [10, 100], data: row });
    }
    await expect(stream.add("input_ids.3", float([1], 1))).rejects.toThrow("input_ids.3: is given twice");
    await stream.end();
    const opened = await SafetensorsFile.open(path);
    expect(opened.names()).toHaveLength(1400);
    for (const i of [0, 345, 699]) {
      expect((await opened.read(`input_ids.${i}`)).data).toEqual(Int32Array.of(i, -i));
      const { data } = await opened.read(`last_hidden_state.${i}`);
      expect([data[0], data[1], data[999]]).toEqual([i, 1, 999]);
    }
    await opened.close();
    expect(opened.metadata).toEqual({ format: "pt" });
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("leaves nothing behind after an error", async () => {
    const path = join(folder, "broken.safetensors");
    await expect(writeSafetensors(path, hostTensors([["a", float([2], 1)]]))).rejects.toThrow(
      `${path}: a: has 1 values. [2] takes 2.`,
    );
    await expect(
      writeSafetensors(
        path,
        hostTensors([
          ["a", float([1], 1)],
          ["a", float([1], 1)],
        ]),
      ),
    ).rejects.toThrow(`${path}: a: is given twice.`);
    const stream = new SafetensorsStream(path);
    await stream.add("a", float([1], 1));
    await stream.discard();
    expect((await readdir(folder)).filter((name) => name.includes("broken"))).toEqual([]);
    await expect(
      new SafetensorsStream(join(path, "..", "types.safetensors", "x")).add("a", float([1], 1)),
    ).rejects.toThrow("cannot be written");
  });
});
