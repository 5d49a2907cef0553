import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
const why = canMount ? "" : " (skipped: this machine does not let a user mount a file system)";
const testData = fileURLToPath(new URL("../../test-data", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "full-disk-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a script of the shell in which `run` trains with checkpoints on a small file system of its own. */
function onDisk(script: string): readonly string[] {
  const mounted = `mount -t tmpfs -o size=64k none "$DISK"
    run() { "$NODE" "$RUNNER" "$RUN" cpu "$DISK/run"; }
    ${script}`;
  const { stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", mounted], {
    cwd: fileURLToPath(new URL("../../../..", import.meta.url)),
    encoding: "utf8",
    env: {
      ...process.env,
      DISK: folder,
      NODE: process.execPath,
      RUNNER: join(testData, "run-typescript.mjs"),
      RUN: join(testData, "full-disk-run.ts"),
    },
  });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

describe("a checkpoint that cannot be written", () => {
  it.skipIf(!canMount)(`ends the run on a full disk and leaves the one before, from which it goes on${why}`, () => {
    // All but 12 KiB is taken: room for one checkpoint (two pages), not for a second beside it.
    const [error, ...said] = onDisk(`dd if=/dev/zero of="$DISK/other" bs=1k count=52 2> /dev/null
      run; find "$DISK/run" -type f | sort; ls -A "$DISK/run"; rm "$DISK/other"; run; ls -A "$DISK/run"`);
    expect(error).toMatch(
      /^RunError \S+\/run\/step-4\S+: cannot be written: ENOSPC: no space left on device, write\. Free some space on that disk and run again with --resume\.$/,
    );
    const step3 = join(folder, "run/step-3");
    expect(said).toEqual([
      ...[join(step3, "state.json"), join(step3, "state.safetensors"), "step-3"],
      ...["20 steps", "step-18", "step-20"],
    ]);
  });

  it.skipIf(!canMount)(`ends the run before its first step in a folder that cannot be written to${why}`, () => {
    const said = onDisk('mount -o remount,ro "$DISK"; run; ls -A "$DISK"');
    expect(said).toEqual([
      `RunError ${folder}: cannot be written: EROFS: read-only file system, access '${folder}'. Choose another folder for checkpoints, or make this one writable.`,
    ]);
  });
});
