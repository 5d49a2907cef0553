// Makes a fresh clone ready: installs and builds what is missing. Nothing but Node's own modules may be imported here.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".kgraft-lock");

/** Runs a command with its output shown and ends the process where it fails. */
function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    ...options,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", ...options.env },
  });
  if (error) stop(`${command} cannot be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1));
}

function stop(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** Installs the locked dependencies unless that was done for this very lockfile. */
function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stderr.write("Installing the dependencies (once, about 20 s) …\n");
  run("npm", ["ci", "--no-audit", "--no-fund"], { shell: process.platform === "win32" });
  writeFileSync(stamp, lock);
}

/** The path of a tool that npm installed. */
export function tool(name) {
  return join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);
}

/** Installs and builds; quick when all is there. */
export function setUp() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    stop(`kgraft needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  install();
  run(tool("turbo"), ["run", "build", "--output-logs=errors-only", "--ui=stream"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Runs the kgraft command of this checkout; returns its exit code. */
export function kgraft(args, options = {}) {
  const { status, signal } = spawnSync(process.execPath, [join(root, "packages/cli/bin/kgraft.js"), ...args], {
    cwd: root,
    stdio: "inherit",
    ...options,
  });
  return status ?? (signal === "SIGINT" ? 130 : 1);
}

/** Builds the native backend where that can be done; says in one line why it is not. */
export function setUpNative() {
  return kgraft(["doctor", "--native"], { stdio: ["ignore", "ignore", "inherit"] }) === 0;
}
