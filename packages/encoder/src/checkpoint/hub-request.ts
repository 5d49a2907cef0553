import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { messageOf, type Progress, RunError } from "@kgraft/runtime";

const patienceMs = 60_000;
const mostRedirects = 5;

/** What a hub says of a file before it is fetched. */
export interface HubFile {
  readonly url: string;
  /** The commit that the asked revision stands for. */
  readonly commit: string | undefined;
  /** SHA-256 of a large file, or git's blob id of a small one. */
  readonly digest: string | undefined;
  readonly size: number | undefined;
}

/** The address of the hub: `HF_ENDPOINT`, else the public one. */
export function hubEndpoint(env: NodeJS.ProcessEnv = process.env): string {
  return (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
}

/**
 * Asks for a file's commit, digest and size.
 *
 * @returns undefined where the hub says that there is no such file
 * @throws RunError `encoder.hub.…` where the hub refuses or cannot be reached
 */
export async function askHub(url: string): Promise<HubFile | undefined> {
  const home = new URL(url).host;
  let next = url;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await request(next, { method: "HEAD", redirect: "manual" });
    if (response.status === 404) return undefined;
    refuseStatus(response, next);
    const location = response.headers.get("location");
    const target = location === null ? undefined : new URL(location, next);
    // A redirect within the hub is a renamed repository; one elsewhere is where the bytes lie, and this answer has the digest.
    if (target === undefined || target.host !== home || response.headers.has("x-linked-etag"))
      return described(response, url);
    next = target.href;
  }
  throw unreachable(url, `redirects more than ${mostRedirects} times`);
}

function described(response: Response, url: string): HubFile {
  const header = (name: string) => response.headers.get(name) ?? undefined;
  const size = header("x-linked-size") ?? header("content-length");
  return {
    url,
    commit: header("x-repo-commit"),
    digest: (header("x-linked-etag") ?? header("etag"))?.replace(/^W\//, "").replaceAll('"', ""),
    size: size === undefined ? undefined : Number(size),
  };
}

/**
 * Fetches a file and checks it against the hub's digest.
 *
 * @throws RunError `encoder.hub.…` where it cannot be fetched, comes short, or differs from its digest
 */
export async function fetchFromHub(file: HubFile, path: string, label: string, progress: Progress): Promise<void> {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(new Error(`nothing came for ${patienceMs / 1000} s`)), patienceMs);
  const bar = progress.bar(`Fetching ${label} (MB)`, Math.ceil((file.size ?? 0) / 1e6));
  let done = 0;
  try {
    const response = await request(file.url, { signal: impatience.signal });
    refuseStatus(response, file.url);
    if (response.body === null) throw unreachable(file.url, "the answer has no content");
    const body = Readable.fromWeb(response.body as ReadableStream);
    body.on("data", (chunk: Uint8Array) => {
      timer.refresh();
      done += chunk.length;
      bar.update(Math.round(done / 1e6));
    });
    await pipeline(body, createWriteStream(path));
  } catch (cause) {
    throw cause instanceof RunError || isDiskError(cause) ? cause : unreachable(file.url, messageOf(cause), cause);
  } finally {
    clearTimeout(timer);
    bar.end();
  }
  await checkDigest(file, path);
}

async function checkDigest({ digest, size, url }: HubFile, path: string): Promise<void> {
  const wrong = (problem: string) =>
    new RunError({
      code: "encoder.hub.digest",
      at: url,
      problem,
      fix: "Fetch it again; a proxy may have changed or cut it",
    });
  const { size: written } = await stat(path);
  if (digest !== undefined && /^[0-9a-f]{64}$/.test(digest)) {
    const found = await hashFile(path, createHash("sha256"));
    if (found !== digest) throw wrong(`has SHA-256 ${found}, but the hub says ${digest}`);
  } else if (digest !== undefined && /^[0-9a-f]{40}$/.test(digest)) {
    const found = await hashFile(path, createHash("sha1").update(`blob ${written}\0`));
    if (found !== digest) throw wrong(`has git id ${found}, but the hub says ${digest}`);
  } else if (size !== undefined && size !== written) throw wrong(`has ${written} bytes, but the hub says ${size}`);
}

async function hashFile(path: string, hash: ReturnType<typeof createHash>): Promise<string> {
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const { HF_TOKEN } = process.env;
  const headers = { "accept-encoding": "identity", ...(HF_TOKEN && { authorization: `Bearer ${HF_TOKEN}` }) };
  try {
    return await fetch(url, { signal: AbortSignal.timeout(patienceMs), ...init, headers });
  } catch (cause) {
    throw unreachable(url, messageOf((cause as Error).cause ?? cause), cause);
  }
}

function refuseStatus(response: Response, url: string): void {
  if (response.status < 400) return;
  const locked = response.status === 401 || response.status === 403;
  throw new RunError({
    code: "encoder.hub.status",
    at: url,
    problem: `the hub answers ${response.status}${response.statusText === "" ? "" : ` ${response.statusText}`}`,
    fix: locked
      ? "Check the repository's name, and set HF_TOKEN where it is private or gated"
      : "Check the name and try again later",
  });
}

function unreachable(url: string, reason: string, cause?: unknown): RunError {
  return new RunError({
    code: "encoder.hub.unreachable",
    at: url,
    problem: `cannot be fetched: ${reason}`,
    fix: "Check the network and HF_ENDPOINT, or fetch the folder by other means and name it as file:FOLDER",
    cause,
  });
}

function isDiskError(cause: unknown): boolean {
  return cause instanceof Error && typeof (cause as NodeJS.ErrnoException).path === "string";
}
