import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { markUsed, removeOldBuilds } from "./old-builds.ts";
import { BINDING_PACKAGE, libraryKey, nativeKey } from "./recipe.ts";

let place: string;
beforeEach(async () => {
  const cache = await mkdtemp(join(tmpdir(), "kgraft-old-"));
  vi.stubEnv("KGRAFT_CACHE", cache);
  place = join(cache, "native");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(join(place, ".."), { recursive: true });
});

/** A build that was used so many days ago. */
async function build(name: string, library: string, days: number): Promise<string> {
  const [folder, binding] = [join(place, name), join(place, name, "node_modules", BINDING_PACKAGE)];
  await mkdir(binding, { recursive: true });
  await mkdir(join(place, library), { recursive: true });
  await symlink(join(place, library), join(binding, "deps"));
  const then = new Date(Date.now() - days * 86_400_000);
  await utimes(folder, then, then);
  return folder;
}

test("the present build and the one used last stay, with their libraries; locks and unfinished builds too", async () => {
  await build(nativeKey("cpu"), libraryKey("cpu"), 9);
  await build("binding-old-a", "tensorflow-old-a", 3);
  const last = await build("binding-old-b", "tensorflow-old-b", 5);
  await build("binding-old-c", "tensorflow-old-a", 4);
  await writeFile(join(place, "binding-old-a.lock"), "");
  await mkdir(join(place, "binding-new.12-0123abcd.tmp"));
  markUsed(last);
  const removed = ["binding-old-a", "binding-old-c", "tensorflow-old-a"].map((name) => join(place, name));
  expect(await removeOldBuilds()).toEqual(removed);
  expect((await readdir(place)).sort()).toEqual(
    [
      nativeKey("cpu"),
      "binding-new.12-0123abcd.tmp",
      "binding-old-a.lock",
      "binding-old-b",
      libraryKey("cpu"),
      "tensorflow-old-b",
    ].sort(),
  );
  expect(await removeOldBuilds()).toEqual([]);
});

test("where nothing was ever built there is nothing to remove, and nothing is made", async () => {
  expect(await removeOldBuilds()).toEqual([]);
  expect(existsSync(place)).toBe(false);
  markUsed(place);
});
