import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PyTorchFile } from "../index.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../../../tests/golden/pytorch/${name}.bin`, import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-pytorch-"));
});
afterAll(() => rm(folder, { recursive: true }));

const base = Array.from({ length: 12 }, (_, i) => i / 8);
const expected: Record<string, readonly [dtype: string, shape: readonly number[], values: readonly number[]]> = {
  "embeddings.word_embeddings.weight": ["float32", [3, 4], base],
  "decoder.weight": ["float32", [3, 4], base],
  rows: ["float32", [2, 4], base.slice(4)],
  transposed: ["float32", [4, 3], base.map((_, i) => base[(i % 3) * 4 + Math.floor(i / 3)] as number)],
  column: ["float32", [3], [2 / 8, 6 / 8, 10 / 8]],
  scalar: ["float32", [], [2.5]],
  empty: ["float32", [0, 4], []],
  half: ["float32", [3], [1.5, -0.25, 65504]],
  brain: ["float32", [3], [1.5, -0.25, 3]],
  long: ["int32", [2, 2], [1, -2, 2 ** 31 - 1, -(2 ** 31)]],
  int: ["int32", [2], [7, -7]],
  byte: ["int32", [2], [0, 255]],
  bool: ["bool", [2], [1, 0]],
  parameter: ["float32", [1], [0.5]],
};

describe.each(["archive", "sequence", "nested"])("a file that torch.save wrote: %s", (layout) => {
  let file: PyTorchFile;
  beforeAll(async () => {
    file = await PyTorchFile.open(golden(layout));
  });
  afterAll(() => file.close());

  it("gives every tensor by name, views and shared storages too", async () => {
    expect(file.names()).toEqual([...Object.keys(expected), "double", "large"]);
    for (const [name, [dtype, shape, values]] of Object.entries(expected)) {
      const array = await file.read(name);
      expect({ ...array, data: Array.from(array.data) }, name).toEqual({ dtype, shape, data: values });
    }
  });

  it("says type and shape without reading, and names what it does not read", async () => {
    expect(file.info("half")).toEqual({ dtype: "F16", shape: [3] });
    await expect(file.read("double")).rejects.toThrow("double: has type F64");
    await expect(file.read("large")).rejects.toThrow(`large: holds ${2 ** 40}, more than 32 bits`);
    await expect(file.read("decoder.wieght")).rejects.toThrow(/holds no tensor "decoder.wieght".*decoder\.weight/);
  });
});

describe("what is no plain weights is refused, and nothing of it runs", () => {
  const refused = async (bytes: Uint8Array | string): Promise<string> => {
    const path = typeof bytes === "string" ? bytes : join(folder, "made.bin");
    if (typeof bytes !== "string") await writeFile(path, bytes);
    const error = await PyTorchFile.open(path).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: "tensor.pytorch", exitCode: 2 });
    return (error as Error).message;
  };

  it("a command", async () => {
    expect(await refused(golden("code"))).toMatch(
      /code\.bin: names (posix|nt|os)\.system, which is no part of plain weights\. Wanted/,
    );
  });

  it("an object beside the weights", async () => {
    expect(await refused(golden("namespace"))).toContain("names argparse.Namespace, which is no part of plain weights");
  });

  it("other files, empty files, missing files", async () => {
    expect(await refused(Buffer.from("hello"))).toContain("is no file that torch.save wrote");
    expect(await refused(new Uint8Array(0))).toContain("is no file that torch.save wrote");
    expect(await refused(join(folder, "none.bin"))).toContain("no such file");
  });

  it("files cut short anywhere", async () => {
    for (const name of ["archive", "sequence"]) {
      const whole = await readFile(golden(name));
      for (const share of [0.2, 0.5, 0.8, 0.99]) await refused(whole.subarray(0, Math.floor(whole.length * share)));
    }
  });

  it.each(["archive", "sequence"])(
    "bytes of %s changed anywhere: an error of ours or other numbers, never anything else",
    async (name) => {
      const whole = await readFile(golden(name));
      const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          const path = join(folder, "changed.bin");
          await writeFile(path, bytes);
          try {
            const file = await PyTorchFile.open(path);
            for (const tensor of file.names()) await file.read(tensor).catch(expectOurs);
            await file.close();
          } catch (thrown) {
            expectOurs(thrown);
          }
        }),
        { numRuns: 300, seed: 5 },
      );
    },
  );
});

function expectOurs(thrown: unknown): void {
  expect(thrown).toMatchObject({ code: "tensor.pytorch" });
}
