import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isTemporaryName, temporaryName, writeFileAtomic, writeFolderAtomic, writeLinesAtomic } from "./index.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const isRoot = process.getuid?.() === 0;
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-atomic-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("writeFileAtomic", () => {
  it("writes text, bytes and parts, making folders, and replaces what was there", async () => {
    const path = join(folder, "deep", "er", "file");
    await writeFileAtomic(path, "old and longer");
    await writeFileAtomic(path, "grün");
    expect(await readFile(path, "utf8")).toBe("grün");
    await writeFileAtomic(path, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    async function* parts() {
      yield Uint8Array.of(4);
      yield Uint8Array.of(5, 6);
    }
    await writeFileAtomic(path, parts());
    expect([...(await readFile(path))]).toEqual([4, 5, 6]);
    expect(await readdir(join(folder, "deep", "er"))).toEqual(["file"]);
  });

  it("says what is wrong with a path that cannot be", async () => {
    await writeFile(join(folder, "plain"), "x");
    const path = join(folder, "plain", "below");
    await expect(writeFileAtomic(path, "y")).rejects.toThrow(`${path}: cannot be written: `);
    await expect(writeFileAtomic(path, "y")).rejects.toMatchObject({
      code: "runtime.write",
      exitCode: 1,
      name: "RunError",
    });
  });

  it.skipIf(isRoot)(
    `names a read-only folder as the cause${isRoot ? " (skipped: root may write anywhere)" : ""}`,
    async () => {
      const locked = join(folder, "locked");
      await mkdir(locked);
      await chmod(locked, 0o555);
      await expect(writeFileAtomic(join(locked, "file"), "y")).rejects.toThrow(
        "Choose a folder that you may write to.",
      );
      expect(await readdir(locked)).toEqual([]);
    },
  );
});

describe("writeLinesAtomic", () => {
  it("writes lines as they come", async () => {
    const path = join(folder, "lines");
    await writeLinesAtomic(path, ["a", "", "grün"]);
    expect(await readFile(path, "utf8")).toBe("a\n\ngrün\n");
    await writeLinesAtomic(path, []);
    expect(await readFile(path, "utf8")).toBe("");
  });

  it("writes more than fits into a buffer, in order", async () => {
    const path = join(folder, "many");
    const line = "x".repeat(1000);
    await writeLinesAtomic(
      path,
      Array.from({ length: 3000 }, (_, i) => `${i}${line}`),
    );
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines.length).toBe(3000);
    expect(lines.findIndex((text, i) => text !== `${i}${line}`)).toBe(-1);
  });

  it("leaves nothing, and the old file as it was, when the source of lines throws at once or later", async () => {
    const path = join(folder, "failing", "lines");
    await writeLinesAtomic(path, ["old"]);
    async function* failing(after: number) {
      for (let i = 0; i < after; i++) yield "x".repeat(10_000);
      throw new Error("source broke");
    }
    for (const after of [0, 1, 50])
      await expect(writeLinesAtomic(path, failing(after))).rejects.toThrow("source broke");
    expect(await readdir(join(folder, "failing"))).toEqual(["lines"]);
    expect(await readFile(path, "utf8")).toBe("old\n");
  });
});

describe("writeFolderAtomic", () => {
  it("puts a folder in place of an older one", async () => {
    const path = join(folder, "model");
    await writeFolderAtomic(path, async (temporary) => writeFile(join(temporary, "a"), "1"));
    await writeFolderAtomic(path, async (temporary) => {
      expect(await readdir(path)).toEqual(["a"]);
      await writeFile(join(temporary, "b"), "2");
    });
    expect(await readdir(path)).toEqual(["b"]);
    expect((await readdir(folder)).filter(isTemporaryName)).toEqual([]);
  });

  it("keeps the older one when filling fails", async () => {
    const path = join(folder, "kept");
    await writeFolderAtomic(path, async (temporary) => writeFile(join(temporary, "a"), "1"));
    const failing = writeFolderAtomic(path, async (temporary) => {
      await writeFile(join(temporary, "b"), "2");
      throw new Error("half way");
    });
    await expect(failing).rejects.toThrow("half way");
    expect(await readdir(path)).toEqual(["a"]);
    expect((await readdir(folder)).filter(isTemporaryName)).toEqual([]);
  });
});

describe("temporary names", () => {
  it("are recognised, and nothing else is", () => {
    expect(isTemporaryName(temporaryName("a/model.safetensors"))).toBe(true);
    expect(temporaryName("a")).not.toBe(temporaryName("a"));
    for (const name of ["a.tmp", "model.safetensors", "a.12-zz.tmp", "a.1-0123abcd.tmp.gz"])
      expect(isTemporaryName(name)).toBe(false);
  });
});

/** In processes of their own, from sources compiled for them: what only a kill or a full disk can show. */
describe("a process that writes", () => {
  let program: string;
  beforeAll(async () => {
    const cache = join(repository, "node_modules", ".cache");
    await mkdir(cache, { recursive: true });
    program = await mkdtemp(join(cache, "kgraft-atomic-"));
    const tsc = join(repository, "node_modules", "typescript", "bin", "tsc");
    const project = join(repository, "packages", "runtime", "tsconfig.json");
    const buildInfo = join(program, "buildinfo");
    execFileSync(process.execPath, [tsc, "-p", project, "--outDir", program, "--tsBuildInfoFile", buildInfo]);
    await writeFile(
      join(program, "write.mjs"),
      `import { writeLinesAtomic } from ${JSON.stringify(pathToFileURL(join(program, "index.js")).href)};
       async function* lines() {
         for (let i = 0; i < Number(process.argv[3]); i++) {
           yield "x".repeat(1000);
           if (i === 1000) console.log("under way");
         }
       }
       await writeLinesAtomic(process.argv[2], lines()).catch((error) => {
         console.log(error.name + " " + error.message);
         process.exitCode = error.exitCode;
       });`,
    );
  });
  afterAll(async () => {
    await rm(program, { recursive: true });
  });

  it("leaves the old file whole when it is killed, and of the new one only a temporary name", async () => {
    const path = join(folder, "killed", "out");
    await writeFileAtomic(path, "old");
    const child = spawn(process.execPath, [join(program, "write.mjs"), path, "100000000"]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await readFile(path, "utf8")).toBe("old");
    const others = (await readdir(join(folder, "killed"))).filter((name) => name !== "out");
    expect(others.length).toBe(1);
    expect(others.every(isTemporaryName)).toBe(true);
  });

  const why = canMount ? "" : " (skipped: this machine does not let a user mount a file system)";
  const onFileSystem = (size: string, script: string) =>
    spawnSync(
      "unshare",
      [
        "-rm",
        "sh",
        "-c",
        `mount -t tmpfs -o size=${size} none "$1" && ${script}; ls -A "$1"`,
        "sh",
        folder,
        process.execPath,
        join(program, "write.mjs"),
      ],
      { encoding: "utf8" },
    ).stdout;

  it.skipIf(!canMount)(`says that the disk is full and leaves nothing on it${why}`, () => {
    const said = onFileSystem("256k", `"$2" "$3" "$1/out" 5000; echo "exit $?"`);
    expect(said).toMatch(
      /^(under way\n)?RunError \S+out: cannot be written: ENOSPC: no space left on device, write\. Free some space on that disk and run again with --resume\.\nexit 1\n$/,
    );
  });

  it.skipIf(!canMount)(`says that the disk is read-only${why}`, () => {
    const said = onFileSystem("256k", `mount -o remount,ro "$1" && "$2" "$3" "$1/out" 1; echo "exit $?"`);
    expect(said).toMatch(
      /^RunError \S+out: cannot be written: EROFS: .*\. Choose a folder that you may write to\.\nexit 1\n$/,
    );
  });
});
