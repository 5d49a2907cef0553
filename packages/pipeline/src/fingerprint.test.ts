import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathOption } from "@kgraft/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { choiceIdentity, contentDigest, fingerprint } from "./fingerprint.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-fingerprint-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a fingerprint", () => {
  test("does not see the order of keys or what is undefined, and sees everything else", () => {
    expect(fingerprint({ a: 1, b: { c: 2, d: undefined } })).toBe(fingerprint({ b: { c: 2 }, a: 1 }));
    expect(fingerprint(new Map([["x", 1]]))).toBe(fingerprint({ x: 1 }));
    const different = [{ a: 1 }, { a: "1" }, { a: [1] }, { a: null }, { b: 1 }, [1], [1, 2], [2, 1]].map(fingerprint);
    expect(new Set(different).size).toBe(different.length);
  });

  test("of a folder follows names and contents, not where it lies", async () => {
    mkdirSync(join(folder, "one/below"), { recursive: true });
    writeFileSync(join(folder, "one/below/a.txt"), "a");
    const before = await contentDigest(join(folder, "one"));
    renameSync(join(folder, "one"), join(folder, "two"));
    expect(await contentDigest(join(folder, "two"))).toBe(before);
    renameSync(join(folder, "two/below/a.txt"), join(folder, "two/below/b.txt"));
    expect(await contentDigest(join(folder, "two"))).not.toBe(before);
  });

  test("of a choice sees the content behind its paths", async () => {
    const options = z.strictObject({ path: z.string().meta(pathOption), limit: z.number() });
    const definition = { name: "file", summary: "", options, create: () => undefined };
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const of = async (path: string, limit = 1): Promise<string> =>
      fingerprint(await choiceIdentity({ name: "file", definition, options: { path, limit } }));
    const first = await of(file("x", "text"));
    expect(await of(file("y", "text"))).toBe(first);
    expect(await of(file("z", "other"))).not.toBe(first);
    expect(await of(file("y", "text"), 2)).not.toBe(first);
  });
});
