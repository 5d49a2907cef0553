import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "@kgraft/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { lockFolder, lockFolderInTurn } from "./run-lock.ts";

const root = mkdtempSync(join(tmpdir(), "kgraft-lock-"));
afterAll(() => rmSync(root, { recursive: true }));

/** No process has it: above the highest number that Linux gives. */
const _deadPid = 2 ** 22 + 1;

function folderWith(name: string, lock?: object | string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  if (lock !== undefined) writeFileSync(join(folder, ".lock"), typeof lock === "string" ? lock : JSON.stringify(lock));
  return folder;
}

describe("a folder is held by one process", () => {
  test("a lock of another machine counts as living, and the message says how to get rid of it", async () => {
    const folder = folderWith("elsewhere", { pid: 7, host: "elsewhere", started: "" });
    await expect(lockFolder(folder)).rejects.toThrow(
      `${folder}: process 7 on elsewhere is working in this folder. Wait for it, or give another name: or output:. If it is gone, remove ${join(folder, ".lock")}.`,
    );
  });

  test("who waits in turn gets it when it is let go, or stops on a signal", async () => {
    const folder = folderWith("turn");
    const release = await lockFolder(folder);
    const notes: string[] = [];
    const waiting = lockFolderInTurn(folder, { ...silent, note: (text) => notes.push(text) });
    const stopping = new AbortController();
    const stopped = lockFolderInTurn(folder, silent, stopping.signal);
    stopping.abort();
    await expect(stopped).rejects.toMatchObject({ code: "run.stopped", exitCode: 1 });
    await release();
    await (await waiting)();
    expect(notes).toEqual([`${folder}: waiting for process ${process.pid}, which is making it`]);
  });
});
