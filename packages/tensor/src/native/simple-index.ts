import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import * as http from "node:http";
import * as https from "node:https";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, type Progress, RunError, temporaryName } from "@kgraft/runtime";
import { readPipConfiguration } from "./pip-configuration.ts";
import type { WheelSpec } from "./wheel.ts";

const ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
const MAX_REDIRECTS = 5;
const IDLE_TIMEOUT_MS = 60_000;
const MEGABYTE = 1_000_000;

interface IndexedFile {
  readonly filename: string;
  readonly url: string;
  readonly sha256?: string | undefined;
}

/**
 * Downloads a wheel from the package indexes that pip's configuration or its default names, without pip.
 *
 * @throws RunError `tensor.wheel.index` where no index has it, `tensor.wheel.hash` where its SHA-256 is another
 * @source PEP 503 (HTML) and PEP 691 (JSON), the simple repository interface
 */
export async function downloadWheel(spec: WheelSpec, folder: string, progress: Progress): Promise<string> {
  const { indexes, certificates } = await readPipConfiguration();
  const ca = certificates === undefined ? undefined : await readFile(certificates);
  const problems: string[] = [];
  for (const index of indexes) {
    const page = new URL(`${index.replace(/\/+$/, "")}/${spec.name.toLowerCase().replace(/[-_.]+/g, "-")}/`);
    try {
      const file = choose(await listFiles(page, ca), spec);
      if (file !== undefined) return await download(file, page, ca, folder, progress, spec);
      problems.push(`${page.host} has no wheel of that version for this machine`);
    } catch (cause) {
      if (cause instanceof RunError) throw cause;
      problems.push(`${page.host}: ${messageOf(cause)}`);
    }
  }
  throw new RunError({
    code: "tensor.wheel.index",
    at: `${spec.name}==${spec.version}`,
    problem: `cannot be fetched: ${problems.join("; ")}`,
    fix: `${proxyRemark()}Install Python with pip, which kgraft then fetches through, or name your index in PIP_INDEX_URL`,
  });
}

/** A proxy's address may hold a password: only the variable is named. */
function proxyRemark(): string {
  const variable = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].find(
    (name) => process.env[name],
  );
  return variable === undefined ? "" : `${variable} names a proxy, which only pip goes through. `;
}

async function listFiles(page: URL, ca: Buffer | undefined): Promise<IndexedFile[]> {
  const response = await get(page, ca, ACCEPT, page);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return (response.headers["content-type"] ?? "").includes("json") ? fromJson(text, page) : fromHtml(text, page);
}

function fromJson(text: string, page: URL): IndexedFile[] {
  const { files } = JSON.parse(text) as {
    files: { filename: string; url: string; hashes: Record<string, string>; yanked?: unknown }[];
  };
  return files.map(({ filename, url, hashes }) => ({
    filename,
    url: new URL(url, page).href,
    sha256: hashes.sha256,
  }));
}

function fromHtml(text: string, page: URL): IndexedFile[] {
  return [...text.matchAll(/<a\b[^>]*\bhref\s*=\s*["']([^"']+)["']/gi)].map(([, href]) => {
    const url = new URL((href as string).replaceAll("&amp;", "&"), page);
    const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1];
    url.hash = "";
    return { filename: decodeURIComponent(url.pathname.split("/").at(-1) ?? ""), url: url.href, sha256 };
  });
}

/** Takes the wheel of that version whose tags this machine satisfies; one for every platform comes first. */
function choose(files: readonly IndexedFile[], spec: WheelSpec): IndexedFile | undefined {
  const tag = spec.target === undefined ? undefined : `cp${spec.target.python.replace(".", "")}`;
  const ranked = files.flatMap((file) => {
    const [, version, ...tags] = file.filename.replace(/\.whl$/, "").split("-");
    if (!file.filename.endsWith(".whl") || version !== spec.version) return [];
    const [python = "", , platform = ""] = tags.slice(-3);
    if (platform === "any") return [{ file, rank: 0 }];
    const platforms = spec.target?.platforms ?? [];
    const rank = platforms.findIndex((each) => platform.split(".").includes(each));
    return python.split(".").some((each) => each === tag) && rank >= 0 ? [{ file, rank: rank + 1 }] : [];
  });
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.file;
}

async function download(
  file: IndexedFile,
  page: URL,
  ca: Buffer | undefined,
  folder: string,
  progress: Progress,
  spec: WheelSpec,
): Promise<string> {
  const response = await get(new URL(file.url), ca, "*/*", page);
  const total = Number(response.headers["content-length"] ?? 0);
  const bar = progress.bar(`Fetching ${spec.name} ${spec.version} (MB)`, Math.round(total / MEGABYTE));
  const hash = createHash("sha256");
  let done = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      done += chunk.length;
      bar.update(Math.round(done / MEGABYTE));
      next(null, chunk);
    },
  });
  const path = join(folder, file.filename);
  const temporary = temporaryName(path);
  try {
    await pipeline(response, count, createWriteStream(temporary));
    const got = hash.digest("hex");
    if (file.sha256 !== undefined && got !== file.sha256)
      throw new RunError({
        code: "tensor.wheel.hash",
        at: file.filename,
        problem: `has SHA-256 ${got}; its index says ${file.sha256}`,
        fix: "Try again; if it stays so, do not trust that index",
      });
    await rename(temporary, path);
    return path;
  } finally {
    await rm(temporary, { force: true });
    bar.end();
  }
}

/** Name and password of the index are sent to its own host only. */
async function get(url: URL, ca: Buffer | undefined, accept: string, index: URL, hops = 0): Promise<IncomingMessage> {
  const secret = url.host === index.host && index.username !== "";
  const auth = secret ? `${decodeURIComponent(index.username)}:${decodeURIComponent(index.password)}` : undefined;
  const options: https.RequestOptions = {
    headers: { accept, "user-agent": "kgraft" },
    ...(ca ? { ca } : {}),
    ...(auth ? { auth } : {}),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.protocol === "http:" ? http : https).get(url, options, resolve);
    request.setTimeout(IDLE_TIMEOUT_MS, () => request.destroy(new Error(`no answer for ${IDLE_TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
  });
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && hops < MAX_REDIRECTS) {
    response.resume();
    return get(new URL(headers.location, url), ca, accept, index, hops + 1);
  }
  if (statusCode === 200) return response;
  response.resume();
  throw new Error(`answered ${statusCode}`);
}
