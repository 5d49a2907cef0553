import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { lockInTurn, removeAbandoned, tryLock } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "kgraft-lock-"));
afterAll(() => rmSync(root, { recursive: true }));

/** No process has it: above the highest number that Linux gives. */
const deadPid = 2 ** 22 + 1;

/** A folder of the test's own, and the lock file in it. */
function placeOf(name: string, lock?: object | string): { folder: string; path: string } {
  const folder = join(root, name);
  mkdirSync(folder);
  const path = join(folder, ".lock");
  if (lock !== undefined) writeFileSync(path, typeof lock === "string" ? lock : JSON.stringify(lock));
  return { folder, path };
}

test.each([
  ["a dead process", { pid: deadPid, host: hostname(), started: "1" }],
  ["an earlier process of a number that is used again", { pid: process.pid, host: hostname(), started: "1" }],
  ["nobody that can be read", "{"],
  ["nobody", "null"],
  ["no process", "{}"],
])("the lock of %s is taken at once, by one of many", async (name, lock) => {
  const { folder, path } = placeOf(name.replaceAll(" ", "-"));
  for (let round = 0; round < 30; round++) {
    writeFileSync(path, typeof lock === "string" ? lock : JSON.stringify(lock));
    const attempts = await Promise.all(Array.from({ length: 12 }, () => tryLock(path)));
    const releases = attempts.filter((attempt) => typeof attempt === "function");
    expect(releases.length).toBe(1);
    expect(attempts.find((attempt) => typeof attempt !== "function")).toMatchObject({
      pid: process.pid,
      host: hostname(),
    });
    expect(readdirSync(folder)).toEqual([".lock"]);
    await releases[0]?.();
    expect(readdirSync(folder)).toEqual([]);
  }
});

test("a lock of another machine counts as living", async () => {
  const holder = { pid: 7, host: "elsewhere", started: "" };
  expect(await tryLock(placeOf("elsewhere", holder).path)).toEqual(holder);
});

test("one holder at a time; others get it in turn", async () => {
  const { folder, path } = placeOf("turns");
  const order: string[] = [];
  const work = async (name: string): Promise<void> => {
    const release = await lockInTurn(path);
    order.push(`${name} in`);
    await wait(20);
    order.push(`${name} out`);
    await release();
  };
  await Promise.all([work("a"), work("b"), work("c")]);
  for (const i of [0, 2, 4]) expect(order[i + 1]).toBe(`${order[i]?.[0]} out`);
  expect(readdirSync(folder)).toEqual([]);
});

test("a killed process's lock is taken while others wait for it, who are told once by whom it was held", async () => {
  const { path } = placeOf("killed");
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const stat = process.platform === "linux" ? readFileSync(`/proc/${other.pid}/stat`, "utf8") : "";
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  writeFileSync(path, JSON.stringify({ pid: other.pid, host: hostname(), started }));
  const holders: number[] = [];
  const taken = lockInTurn(path, { onWait: ({ pid }) => holders.push(pid) });
  await wait(500);
  expect(holders).toEqual([other.pid]);
  other.kill("SIGKILL");
  await (await taken)();
  expect(existsSync(path)).toBe(false);
});

test("a wait ends with what the check throws", async () => {
  const { path } = placeOf("stopped");
  const release = await lockInTurn(path);
  let looks = 0;
  const check = (): void => {
    looks++;
    if (looks === 2) throw new Error("enough");
  };
  await expect(lockInTurn(path, { check })).rejects.toThrow("enough");
  await release();
});

test.skipIf(process.getuid?.() === 0)(
  "a folder that cannot be written to is named (root may write anywhere)",
  async () => {
    const { folder, path } = placeOf("read-only");
    chmodSync(folder, 0o500);
    await expect(tryLock(path)).rejects.toMatchObject({ code: "run.folder", at: folder });
  },
);

test("a lock below a file is an error that names the folder", async () => {
  const { folder } = placeOf("below-a-file");
  writeFileSync(join(folder, "file"), "");
  await expect(tryLock(join(folder, "file", ".lock"))).rejects.toThrow(`${join(folder, "file")}: cannot be written: `);
});

test("what dead processes left half-written is removed at any depth; that of living ones stays", async () => {
  const { folder } = placeOf("rests");
  mkdirSync(join(folder, "below"));
  mkdirSync(join(folder, `model.${deadPid}-00000000.tmp`));
  const names = [
    `model.${deadPid}-00000000.tmp/x`,
    `below/a.${deadPid}-00000001.tmp`,
    `below/b.${process.pid}-00000002.tmp`,
    "below/c",
  ];
  for (const name of names) writeFileSync(join(folder, name), "");
  await removeAbandoned(folder);
  expect(names.map((name) => existsSync(join(folder, name)))).toEqual([false, false, true, true]);
  expect(readdirSync(folder)).toEqual(["below"]);
});
