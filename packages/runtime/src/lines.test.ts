import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJsonLines, readLines } from "./index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-lines-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function texts(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of readLines(path)) all.push(text);
  return all;
}

describe("readLines", () => {
  const cases: [what: string, content: string, lines: string[]][] = [
    ["lines", "a\nb\n", ["a", "b"]],
    ["a last line without newline", "a\nb", ["a", "b"]],
    ["CRLF", "a\r\nb\r\n", ["a", "b"]],
    ["a carriage return inside a line", "a\rb\n", ["a\rb"]],
    ["empty lines", "\n\na\n\n", ["", "", "a", ""]],
    ["nothing", "", []],
    ["a byte order mark", "\ufeffa\n\ufeffb", ["a", "\ufeffb"]],
    ["only a byte order mark", "\ufeff", [""]],
    ["other Unicode line ends as text", "a\u2028b\u0085c\n", ["a\u2028b\u0085c"]],
  ];
  for (const [what, content, lines] of cases)
    it(`reads ${what}, plain and gzip`, async () => {
      expect(await texts(await file("plain.txt", content))).toEqual(lines);
      expect(await texts(await file("packed.txt.gz", gzipSync(content)))).toEqual(lines);
    });

  it("numbers lines from 1 and gives their place", async () => {
    const path = await file("numbered.txt", "a\n\nb");
    const places = [];
    for await (const { number, at } of readLines(path)) places.push([number, at]);
    expect(places).toEqual([
      [1, `${path}:1`],
      [2, `${path}:2`],
      [3, `${path}:3`],
    ]);
  });

  it("never cuts a character or a CRLF where chunks meet", async () => {
    const chunk = 1 << 18;
    const wanted: string[] = [];
    for (let shift = 0; shift < 6; shift++) {
      wanted.push("x".repeat(chunk - 4 - shift), "灯€😀ö", "y");
    }
    const content = `${wanted.join("\r\n")}\r\n`;
    expect(await texts(await file("chunks.txt", content))).toEqual(wanted);
    expect(await texts(await file("chunks.txt.gz", gzipSync(content)))).toEqual(wanted);
  });

  it("reads a line of 1 MB among short ones", async () => {
    const long = "ö灯".repeat(200_000);
    expect(await texts(await file("long.txt", `a\n${long}\nb`))).toEqual(["a", long, "b"]);
  });

  it("lets go of the file when the reader stops early", async () => {
    const path = await file("early.txt", "a\n".repeat(500_000));
    for await (const { text } of readLines(path)) {
      expect(text).toBe("a");
      break;
    }
  });

  it("refuses what is missing, a folder, no gzip, cut gzip and no UTF-8, naming the place", async () => {
    const missing = join(folder, "missing.txt");
    await expect(texts(missing)).rejects.toThrow(`${missing}: no such file.`);
    await expect(texts(folder)).rejects.toThrow(`${folder}: is a folder. Wanted a file.`);
    const plain = await file("not-packed.gz", "plain text");
    await expect(texts(plain)).rejects.toThrow(`${plain}: cannot be read: incorrect header check.`);
    const cut = await file("cut.gz", gzipSync("a\n".repeat(10_000)).subarray(0, 30));
    await expect(texts(cut)).rejects.toThrow(`${cut}: cannot be read: unexpected end of file.`);
    const latin = await file("latin.txt", Buffer.from("gut\ngr\xfcn\n", "latin1"));
    await expect(texts(latin)).rejects.toThrow(
      `${latin}:2: is not UTF-8. Wanted UTF-8 text. Convert the file, for example with \`iconv -f latin1 -t utf-8\`.`,
    );
    await expect(texts(latin)).rejects.toMatchObject({ code: "runtime.utf8", exitCode: 2 });
  });
});

describe("readJsonLines", () => {
  it("reads values and passes over blank lines", async () => {
    const path = await file("values.jsonl", '{"a":1}\n  \n[2]\r\n"ö"\nnull');
    const values = [];
    for await (const { value, number } of readJsonLines(path)) values.push([number, value]);
    expect(values).toEqual([
      [1, { a: 1 }],
      [3, [2]],
      [4, "ö"],
      [5, null],
    ]);
  });

  it("refuses a broken line by file and line", async () => {
    const path = await file("broken.jsonl", '{"a":1}\n\n{"a":');
    const read = async () => {
      for await (const { value } of readJsonLines(path)) expect(value).toEqual({ a: 1 });
    };
    await expect(read()).rejects.toThrow(`${path}:3: is not JSON: `);
    await expect(read()).rejects.toThrow("Wanted one JSON value a line.");
    await expect(read()).rejects.toMatchObject({ code: "runtime.json", exitCode: 2 });
  });
});
