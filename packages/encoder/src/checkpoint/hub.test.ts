import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, silent } from "@kgraft/runtime";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { goldenFolder } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { loadCheckpoint } from "../index.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

/** A hub on this machine: a repository, its old name, large files elsewhere under their SHA-256, small ones under git's id. */
class LocalHub {
  readonly files = new Map<string, Buffer>();
  readonly asked: string[] = [];
  readonly tokens: (string | undefined)[] = [];
  broken = false;
  status = 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      this.tokens.push(request.headers.authorization);
      this.#answer(request.url ?? "", request.method ?? "", response);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(url: string, method: string, response: ServerResponse): void {
    if (this.status !== 200) return void response.writeHead(this.status).end();
    const [, owner, revision, file] = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? [];
    if (owner === "old-name")
      return void response.writeHead(307, { location: url.replace("old-name", "acme/tiny") }).end();
    const name = file ?? url.replace("/store/", "");
    const content = this.files.get(name);
    if (content === undefined || (owner !== undefined && owner !== "acme/tiny"))
      return void response.writeHead(404).end();
    if (revision !== undefined && ![commit, "main"].includes(revision)) return void response.writeHead(404).end();
    const large = name.endsWith(".safetensors");
    if (owner !== undefined && large) {
      const etag = createHash("sha256").update(content).digest("hex");
      const headers = {
        "x-repo-commit": commit,
        "x-linked-etag": `"${etag}"`,
        "x-linked-size": String(content.length),
      };
      return void response.writeHead(302, { ...headers, location: `/store/${name}` }).end();
    }
    const id = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
    response.writeHead(200, { "x-repo-commit": commit, etag: `W/"${id}"`, "content-length": String(content.length) });
    response.end(method === "HEAD" ? undefined : this.broken && large ? Buffer.alloc(content.length) : content);
  }
}

describe("hf: checkpoints, from a hub on this machine", () => {
  const hub = new LocalHub();
  const kept = { ...process.env };
  let cache: string;

  beforeAll(async () => {
    process.env.HF_ENDPOINT = await hub.open();
    for (const name of ["config.json", "model.safetensors"])
      hub.files.set(name, await readFile(join(goldenFolder("bert"), name)));
    hub.files.set("tokenizer.json", Buffer.from(tinyTokenizerJson()));
  });
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), "kgraft-hub-"));
    Object.assign(process.env, { KGRAFT_CACHE: cache, KGRAFT_OFFLINE: "", HF_HUB_OFFLINE: "" });
    delete process.env.HF_TOKEN;
    hub.asked.length = 0;
    hub.tokens.length = 0;
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));
  afterAll(async () => {
    process.env = kept;
    await hub.close();
  });

  it("fetches once a commit, checks digests, and then only asks which commit it is", async () => {
    process.env.HF_TOKEN = "secret";
    const model = await loadCheckpoint("hf:acme/tiny");
    expect(model.encoder.config.hiddenSize).toBe(32);
    expect(model.origin.folder).toBe(join(cache, "checkpoints", "hf", "acme--tiny", commit));
    expect(new Set(hub.tokens)).toEqual(new Set(["Bearer secret"]));
    expect((await readdir(model.origin.folder)).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    hub.asked.length = 0;
    await loadCheckpoint("hf:acme/tiny");
    expect(hub.asked).toEqual(["HEAD /acme/tiny/resolve/main/config.json"]);
    hub.asked.length = 0;
    await loadCheckpoint(`hf:acme/tiny@${commit}`);
    expect(hub.asked).toEqual([]);
  });

  it("follows a renamed repository", async () => {
    expect((await loadCheckpoint("hf:old-name")).encoder.config.numLayers).toBe(2);
  });

  it("works offline from the cache, and says what is not there", async () => {
    process.env.HF_HUB_OFFLINE = "1";
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow(
      `encoder.checkpoint "hf:acme/tiny@main": is not in the cache (${join(cache, "checkpoints", "hf", "acme--tiny")}) and ` +
        "HF_HUB_OFFLINE forbids fetching it. Run once without HF_HUB_OFFLINE, or name a folder as file:FOLDER.",
    );
    process.env.HF_HUB_OFFLINE = "";
    await loadCheckpoint("hf:acme/tiny");
    process.env.KGRAFT_OFFLINE = "true";
    hub.asked.length = 0;
    expect((await loadCheckpoint("hf:acme/tiny")).encoder.config.numLayers).toBe(2);
    await expect(loadCheckpoint("pypi:nothing==1.0")).rejects.toThrow("and KGRAFT_OFFLINE forbids fetching it");
    expect(hub.asked).toEqual([]);
  });

  it("goes on with the cache where the hub cannot be asked, aloud", async () => {
    await loadCheckpoint("hf:acme/tiny");
    const notes: string[] = [];
    const progress: Progress = { ...silent, note: (text) => notes.push(text) };
    hub.status = 503;
    await loadCheckpoint("hf:acme/tiny", { progress });
    expect(notes[0]).toContain(
      "the hub answers 503 Service Unavailable. Check the name and try again later. Going on with the cached",
    );
    hub.status = 200;
  });

  it("refuses what differs from its digest, and leaves nothing behind", async () => {
    hub.broken = true;
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow(
      /model\.safetensors: has SHA-256 \w{64}, but the hub says \w{64}\. Fetch it again/,
    );
    hub.broken = false;
    expect(await readdir(join(cache, "checkpoints", "hf", "acme--tiny"))).toEqual([]);
  });

  it("names what is not there, locked or out of reach", async () => {
    await expect(loadCheckpoint("hf:acme/nothing")).rejects.toThrow(
      /encoder\.checkpoint "hf:acme\/nothing@main": the hub has no config\.json at http.*\. Wanted a model with config\.json and model\.safetensors\. Check organisation, name and revision\./,
    );
    hub.status = 401;
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow(
      "the hub answers 401 Unauthorized. Check the repository's name, and set HF_TOKEN",
    );
    hub.status = 200;
    const endpoint = process.env.HF_ENDPOINT;
    process.env.HF_ENDPOINT = "http://127.0.0.1:9";
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow(
      /cannot be fetched: .+ Check the network and HF_ENDPOINT/,
    );
    process.env.HF_ENDPOINT = endpoint;
  });

  it("fetches shards, and names a missing one", async () => {
    const whole = hub.files.get("model.safetensors") as Buffer;
    hub.files.delete("model.safetensors");
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow("the hub has no model.safetensors at http");
    const map = { "bert.pooler.dense.weight": "model-00001-of-00001.safetensors" };
    hub.files.set("model.safetensors.index.json", Buffer.from(JSON.stringify({ weight_map: map })));
    await expect(loadCheckpoint("hf:acme/tiny")).rejects.toThrow(
      "the hub has no model-00001-of-00001.safetensors at http",
    );
    hub.files.set("model-00001-of-00001.safetensors", whole);
    const model = await loadCheckpoint("hf:acme/tiny");
    expect(model.missing).toEqual([]);
    hub.files.set("model.safetensors", whole);
    hub.files.delete("model.safetensors.index.json");
    await writeFile(join(model.origin.folder, "touched"), "");
  });
});
