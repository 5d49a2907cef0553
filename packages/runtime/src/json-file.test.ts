import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isRecord, readJsonFile, readJsonFileIfThere } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-json-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const words = { code: "kg.file", wanted: "Wanted a list", fix: "Fetch it again" };

test("a file is read; one that need not be there may be missing", async () => {
  const path = file("good.json", '{"a": [1]}');
  expect(await readJsonFile(path)).toEqual({ a: [1] });
  expect(await readJsonFileIfThere(path)).toEqual({ a: [1] });
  expect(await readJsonFileIfThere(join(folder, "none.json"))).toBeUndefined();
});

test.each([
  ["cut short", '{"a": [1', /^.*cut short: is not JSON: .+\. Wanted a list\. Fetch it again\.$/],
  ["empty", "\n", /^.*empty: is empty\. Wanted a list\. Fetch it again\.$/],
])("one that is %s is an error that names it, with the caller's words", async (name, text, message) => {
  const path = file(name, text);
  for (const read of [readJsonFile, readJsonFileIfThere])
    await expect(read(path, words)).rejects.toMatchObject({
      code: "kg.file",
      at: path,
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  await expect(readJsonFile(path)).rejects.toMatchObject({ code: "runtime.json" });
});

test("a missing file and a folder in its place are errors that name it", async () => {
  const missing = join(folder, "missing.json");
  await expect(readJsonFile(missing, words)).rejects.toThrow(`${missing}: no such file. Wanted a list.`);
  await expect(readJsonFile(missing)).rejects.toMatchObject({ code: "runtime.read" });
  mkdirSync(join(folder, "folder.json"));
  await expect(readJsonFileIfThere(join(folder, "folder.json"))).rejects.toThrow("folder.json: cannot be read: EISDIR");
});

test("a record is a plain map", () => {
  expect([{}, { a: 1 }].map(isRecord)).toEqual([true, true]);
  expect([[], null, "a", 1, undefined].map(isRecord)).toEqual([false, false, false, false, false]);
});
