import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "@kgraft/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildFolder } from "./build-folder.ts";
import { buildNative, cacheFolder, isNativeBuilt } from "./index.ts";
import { dependencyPath, mendSource, nativeKey } from "./recipe.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-build-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test("the cache lies where the user says, else where the system keeps caches", () => {
  vi.stubEnv("KGRAFT_CACHE", "/a/cache");
  expect(cacheFolder("native")).toBe("/a/cache/native");
  vi.stubEnv("KGRAFT_CACHE", "");
  vi.stubEnv("XDG_CACHE_HOME", "/b");
  expect(cacheFolder("native", "x")).toBe("/b/kgraft/native/x");
  vi.stubEnv("XDG_CACHE_HOME", "");
  expect(cacheFolder()).toBe(join(homedir(), ".cache", "kgraft"));
});

test("a build that is there is found without work; another kind has another name", async () => {
  vi.stubEnv("KGRAFT_CACHE", folder);
  expect(isNativeBuilt("cpu")).toBe(false);
  expect(nativeKey("cpu")).not.toBe(nativeKey("cuda"));
  expect(nativeKey("cpu")).toContain(`abi${process.versions.modules}`);
});

test.skipIf(process.platform !== "linux" || process.arch !== "x64")(
  "what is missing is named, all of it, in one line, and nothing is left behind",
  async () => {
    vi.stubEnv("KGRAFT_CACHE", folder);
    vi.stubEnv("PATH", "/nowhere");
    vi.stubEnv("CXX", "");
    await expect(buildNative()).rejects.toThrow(
      /^tensor\.buildNative: the native backend cannot be built here; it needs a C\+\+ compiler \(g\+\+; Debian and Ubuntu: `apt-get install g\+\+`\)( and Node's headers \(.+\))? and npm\. Everything works without it, on WebAssembly, only slower\.$/,
    );
    expect(await readdir(folder)).toEqual([]);
  },
);

test("a folder is made once, whole or not at all, and remains of a killed process go away", async () => {
  const path = join(folder, "made");
  await mkdir(`${path}.99999-0123abcd.tmp`);
  const isThere = (): boolean => existsSync(path);
  const failing = buildFolder(path, isThere, () => Promise.reject(new Error("no compiler")), silent);
  await expect(failing).rejects.toThrow("no compiler");
  expect(await readdir(folder)).toEqual([]);
  const fill = (temporary: string): Promise<void> => writeFile(join(temporary, "a"), "1");
  expect(await buildFolder(path, isThere, fill, silent)).toBe(true);
  expect(await buildFolder(path, isThere, fill, silent)).toBe(false);
  expect(await readdir(folder)).toEqual(["made"]);
});

test("the binding's source is mended, and another source is refused", () => {
  const source = "x\nstatic std::set<std::string> ATTR_NAME_SET;\n  switch (t) {\n    case TF_ATTR_STRING: {\n";
  expect(mendSource(source)).toMatch(/static thread_local std::set[\s\S]+TFE_OpSetAttrStringList/);
  expect(() => mendSource("something else")).toThrow(
    "@tensorflow/tfjs-node-gpu@4.22.0: its binding's source is not the one that this version of kgraft knows how to mend.",
  );
});

test("two libraries and the C headers are taken out of the wheel, nothing else", () => {
  expect(dependencyPath("tensorflow/libtensorflow_cc.so.2")).toBe("lib/libtensorflow_cc.so.2");
  expect(dependencyPath("tensorflow/include/tensorflow/c/c_api.h")).toBe("include/tensorflow/c/c_api.h");
  expect(dependencyPath("tensorflow/include/tensorflow/core/framework/op.h")).toBeUndefined();
  expect(dependencyPath("tensorflow/python/framework/ops.py")).toBeUndefined();
});
