import { createWriteStream } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Bar, type Progress, RunError, silent } from "@kgraft/runtime";
import { type Entry, open, type ZipFile } from "yauzl";
import { pipCommand } from "./prerequisites.ts";
import { runCommand } from "./run-command.ts";
import { downloadWheel } from "./simple-index.ts";

const MEGABYTE = 1_000_000;

/** A wheel of the Python package index, pinned. */
export interface WheelSpec {
  readonly name: string;
  readonly version: string;
  /** For wheels with machine code: the Python they are for (`3.12`) and the platform tags that this machine runs. */
  readonly target?: { readonly python: string; readonly platforms: readonly string[] };
}

/**
 * Fetches a wheel into a folder, through the user's own pip where there is one (its configuration, proxies and
 * certificates), else straight from the index that pip's configuration or its default names.
 *
 * @returns the path of the `.whl` file
 * @throws RunError `tensor.native.command` or `tensor.wheel.*` naming the package and what went wrong
 */
export async function fetchWheel(spec: WheelSpec, folder: string, progress: Progress = silent): Promise<string> {
  await mkdir(folder, { recursive: true });
  const pip = await pipCommand();
  if (pip === undefined) return downloadWheel(spec, folder, progress);
  const { python, platforms } = spec.target ?? { python: undefined, platforms: [] };
  const bar = progress.bar(`Fetching ${spec.name} ${spec.version} (MB)`, 0);
  const watch = watchDownload(folder, bar);
  try {
    await runCommand(
      pip,
      [
        ...["-m", "pip", "download", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--progress-bar=off"],
        ...(python === undefined ? [] : ["--python-version", python]),
        ...platforms.flatMap((platform) => ["--platform", platform]),
        ...["--dest", folder, `${spec.name}==${spec.version}`],
      ],
      {
        env: { ...process.env, TMPDIR: folder, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
        onOutput: watch.read,
        fix: `Check that \`${pip} -m pip download ${spec.name}==${spec.version}\` works here`,
      },
    );
  } finally {
    watch.stop();
    bar.end();
  }
  return findWheel(folder, spec);
}

async function findWheel(folder: string, spec: WheelSpec): Promise<string> {
  const wanted = spec.name.toLowerCase().replace(/[-_.]+/g, "_");
  const files = await readdir(folder);
  const found = files.find((file) => {
    const [name, version] = file.split("-");
    return file.endsWith(".whl") && name?.toLowerCase().replace(/[-_.]+/g, "_") === wanted && version === spec.version;
  });
  if (found !== undefined) return join(folder, found);
  throw new RunError({
    code: "tensor.wheel.missing",
    at: `${spec.name}==${spec.version}`,
    problem: `pip ended well but left no wheel of it (found ${files.join(", ") || "nothing"})`,
  });
}

/** Watches a download from outside: the size that pip says, and how much of it lies in the folder. */
function watchDownload(folder: string, bar: Bar): { read: (text: string) => void; stop: () => void } {
  let total = 0;
  let seen = "";
  const started = performance.now();
  const timer = setInterval(async () => {
    const done = await folderSize(folder).catch(() => 0); // files come and go while pip works: look again next time
    const rate = done / ((performance.now() - started) / 1000);
    const left = total > done && rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : "";
    bar.update(
      Math.round((total > 0 ? Math.min(done, total) : done) / MEGABYTE),
      total > 0 ? `of ${Math.round(total / MEGABYTE)} MB${left}` : undefined,
    );
  }, 500);
  return {
    read: (text) => {
      seen += text;
      const size = /\((\d+(?:\.\d+)?) ([kMG]?)B\)/.exec(seen);
      if (size !== null) total = Number(size[1]) * ({ k: 1e3, M: 1e6, G: 1e9 }[size[2] ?? ""] ?? 1);
    },
    stop: () => clearInterval(timer),
  };
}

async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Unpacks chosen files of a wheel, streaming, with bounded memory.
 *
 * @param target gives the path to write a file of the wheel to, or undefined to leave it out
 * @returns the names that were unpacked
 * @throws RunError `tensor.wheel.broken` where the file is no readable zip archive
 */
export async function extractFromWheel(
  wheel: string,
  target: (name: string) => string | undefined,
  progress: Progress = silent,
): Promise<string[]> {
  const archive = await openArchive(wheel);
  const bar = progress.bar(`Unpacking ${basename(wheel).split("-").slice(0, 2).join(" ")} (MB)`, 0);
  const names: string[] = [];
  let done = 0;
  try {
    for await (const entry of entries(archive)) {
      const path = target(entry.fileName);
      if (path === undefined || entry.fileName.endsWith("/")) continue;
      await mkdir(dirname(path), { recursive: true });
      const content = await contentOf(archive, entry);
      content.on("data", (chunk: Buffer) => {
        done += chunk.length;
        bar.update(Math.round(done / MEGABYTE), basename(entry.fileName));
      });
      await pipeline(content, createWriteStream(path));
      names.push(entry.fileName);
    }
    return names;
  } catch (cause) {
    throw broken(wheel, cause);
  } finally {
    archive.close();
    bar.end();
  }
}

function openArchive(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) =>
    open(path, { lazyEntries: true, autoClose: false }, (error, archive) =>
      error ? reject(broken(path, error)) : resolve(archive),
    ),
  );
}

function broken(path: string, cause: unknown): unknown {
  // A file system error (a full disk) is about where we write, not about the archive.
  if (!(cause instanceof Error) || cause instanceof RunError || "syscall" in cause) return cause;
  return new RunError({
    code: "tensor.wheel.broken",
    at: path,
    problem: `cannot be unpacked: ${cause.message}`,
    fix: "Fetch it again",
    cause,
  });
}

async function* entries(archive: ZipFile): AsyncGenerator<Entry> {
  let settle: { resolve: (entry: Entry | undefined) => void; reject: (error: Error) => void } | undefined;
  archive.on("entry", (entry: Entry) => settle?.resolve(entry));
  archive.on("end", () => settle?.resolve(undefined));
  archive.on("error", (error: Error) => settle?.reject(error));
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      settle = { resolve, reject };
      archive.readEntry();
    });
    if (entry === undefined) return;
    yield entry;
  }
}

function contentOf(archive: ZipFile, entry: Entry): Promise<NodeJS.ReadableStream & import("node:stream").Readable> {
  return new Promise((resolve, reject) =>
    archive.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream))),
  );
}
