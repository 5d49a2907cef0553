import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "./run-command.ts";

/** What building the binding needs of this machine. */
export interface Prerequisites {
  /** The C++ compiler: `$CXX`, else `g++`, else `c++`. */
  readonly compiler: string;
  /** The folder of `node_api.h`. */
  readonly nodeHeaders: string;
}

/**
 * Looks for what building the binding needs.
 *
 * @returns what was found and, one line each, what is missing and how it is had
 */
export async function findPrerequisites(): Promise<{ found: Partial<Prerequisites>; missing: string[] }> {
  const missing: string[] = [];
  const platform = unsupportedPlatform();
  if (platform !== undefined) return { found: {}, missing: [platform] };
  const compiler = await firstWorking([process.env.CXX, "g++", "c++"], ["--version"]);
  if (compiler === undefined) missing.push("a C++ compiler (g++; Debian and Ubuntu: `apt-get install g++`)");
  const nodeHeaders = await findNodeHeaders();
  if (nodeHeaders === undefined)
    missing.push(
      `Node's headers (node_api.h; they come with Node's own archives, with Debian's \`libnode-dev\`, or name their place in npm_config_nodedir)`,
    );
  if ((await firstWorking([npmCommand()], ["--version"])) === undefined) missing.push("npm");
  return {
    found: { ...(compiler === undefined ? {} : { compiler }), ...(nodeHeaders === undefined ? {} : { nodeHeaders }) },
    missing,
  };
}

/** npm's command on this platform. */
export function npmCommand(): string {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

/** The Python whose pip fetches, or undefined where there is none. */
export function pipCommand(): Promise<string | undefined> {
  return firstWorking(["python3", "python"], ["-m", "pip", "--version"]);
}

function unsupportedPlatform(): string | undefined {
  const here = `${process.platform}-${process.arch}`;
  if (here !== "linux-x64")
    return `Linux on x64, which this machine (${here}) is not: install @tensorflow/tfjs-node@4.22.0 beside kgraft instead`;
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined)
    return "the GNU C library (this system uses another one, as Alpine does)";
  const [major = 0, minor = 0] = header.glibcVersionRuntime.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 27) ? undefined : `glibc >= 2.27 (here ${header.glibcVersionRuntime})`;
}

async function findNodeHeaders(): Promise<string | undefined> {
  const { npm_config_nodedir } = process.env;
  const folders = [
    ...(npm_config_nodedir ? [join(npm_config_nodedir, "include", "node")] : []),
    join(dirname(process.execPath), "..", "include", "node"),
    "/usr/include/node",
    "/usr/include/nodejs/src",
  ];
  for (const folder of folders) {
    const there = await access(join(folder, "node_api.h")).then(
      () => true,
      () => false,
    );
    if (there) return folder;
  }
  return undefined;
}

async function firstWorking(
  commands: readonly (string | undefined)[],
  args: readonly string[],
): Promise<string | undefined> {
  for (const command of commands) {
    if (!command) continue;
    const works = await runCommand(command, args).then(
      () => true,
      () => false,
    );
    if (works) return command;
  }
  return undefined;
}
