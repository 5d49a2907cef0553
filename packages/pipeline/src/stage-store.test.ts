import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "@kgraft/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { StageStore } from "./stage-store.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-stages-"));
const store = new StageStore(folder, silent);
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stage that writes a text and counts how often it was made. */
function stage(text = "made") {
  const counted = { times: 0 };
  const make = async (into: string): Promise<void> => {
    counted.times++;
    writeFileSync(join(into, "result"), text);
  };
  return { counted, make };
}

describe("a stage", () => {
  test("is made once for equal inputs, and again for others", async () => {
    const { counted, make } = stage();
    const first = await store.stage("link", { a: 1, b: 2 }, make);
    const again = await store.stage("link", { b: 2, a: 1 }, make);
    expect([first.reused, again.reused, again.folder === first.folder]).toEqual([false, true, true]);
    expect(again.seconds).toBeGreaterThan(0);
    expect(readFileSync(join(first.folder, "result"), "utf8")).toBe("made");
    expect((await store.stage("link", { a: 2 }, make)).folder).not.toBe(first.folder);
    expect(counted.times).toBe(2);
    const withPlugin = new StageStore(folder, silent, { plugins: ["mine@1.0.0"] });
    expect((await withPlugin.stage("link", { a: 1, b: 2 }, make)).reused).toBe(false);
    expect(counted.times).toBe(3);
  });

  test("is made once by several that want it at the same time", async () => {
    const { counted, make } = stage();
    const results = await Promise.all(Array.from({ length: 4 }, () => store.stage("embed", 1, make)));
    expect(counted.times).toBe(1);
    expect(results.filter(({ reused }) => reused).length).toBe(3);
    expect(readdirSync(folder)).toEqual([results[0]?.folder.slice(folder.length + 1)]);
  });

  test("that fails leaves no folder, but the work to go on from, which goes when it is done", async () => {
    const failing = store.stage("embed", 1, async (into, work) => {
      writeFileSync(join(into, "half"), "");
      writeFileSync(join(work, "checkpoint"), "5");
      throw new Error("broken off");
    });
    await expect(failing).rejects.toThrow("broken off");
    expect(readdirSync(folder).map((name) => name.replace(/-.*\./, "."))).toEqual(["embed.work"]);
    const { folder: made } = await store.stage("embed", 1, async (into, work) => {
      writeFileSync(join(into, "result"), readFileSync(join(work, "checkpoint")));
    });
    expect(readFileSync(join(made, "result"), "utf8")).toBe("5");
    expect(readdirSync(folder)).toEqual([made.slice(folder.length + 1)]);
  });

  test("clears away the work of a process that died between the two", async () => {
    const { counted, make } = stage();
    const { folder: made } = await store.stage("embed", 1, make);
    mkdirSync(`${made}.work`);
    await store.stage("embed", 1, make);
    expect([counted.times, existsSync(`${made}.work`)]).toEqual([1, false]);
  });

  test("does not begin after a signal", async () => {
    const { counted, make } = stage();
    const stopped = new StageStore(folder, silent, { signal: AbortSignal.abort() });
    await expect(stopped.stage("link", 1, make)).rejects.toMatchObject({ code: "run.stopped" });
    expect(counted.times).toBe(0);
  });
});
