import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** pip's own default. */
const DEFAULT_INDEX = "https://pypi.org/simple";

/** What pip's configuration says of where packages are. */
export interface PipConfiguration {
  /** Index addresses, the main one first. */
  readonly indexes: readonly string[];
  /** A file of certificates to trust. */
  readonly certificates?: string;
}

/** Reads pip's configuration: environment, then user's files, then the machine's. */
export async function readPipConfiguration(env: NodeJS.ProcessEnv = process.env): Promise<PipConfiguration> {
  const settings: Record<string, string> = {};
  for (const file of configurationFiles(env)) Object.assign(settings, await readSettings(file));
  for (const [name, value] of Object.entries(env)) {
    const key = /^PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT)$/.exec(name)?.[1];
    if (key !== undefined && value) settings[key.toLowerCase().replaceAll("_", "-")] = value;
  }
  const extra = settings["extra-index-url"]?.split(/\s+/).filter(Boolean) ?? [];
  const certificates = settings.cert || env.SSL_CERT_FILE;
  return {
    indexes: [settings["index-url"] || DEFAULT_INDEX, ...extra],
    ...(certificates ? { certificates } : {}),
  };
}

/** Least important first. */
function configurationFiles(env: NodeJS.ProcessEnv): string[] {
  if (env.PIP_CONFIG_FILE === "/dev/null") return [];
  const user = env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return [
    "/etc/xdg/pip/pip.conf",
    "/etc/pip.conf",
    join(homedir(), ".pip", "pip.conf"),
    join(user, "pip", "pip.conf"),
    ...(env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, "pip.conf")] : []),
    ...(env.PIP_CONFIG_FILE ? [env.PIP_CONFIG_FILE] : []),
  ];
}

async function readSettings(path: string): Promise<Record<string, string>> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return "";
    throw cause;
  });
  const general: Record<string, string> = {};
  const forDownload: Record<string, string> = {};
  let section = "";
  let key = "";
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*[#;]/.test(line) || line.trim() === "") continue;
    const into = section === "global" ? general : section === "download" ? forDownload : undefined;
    const heading = /^\[(.+)\]/.exec(line)?.[1];
    const setting = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (heading !== undefined) {
      section = heading.trim();
      key = "";
    } else if (/^\s/.test(line) && key !== "" && into !== undefined) {
      into[key] = `${into[key]} ${line.trim()}`.trim();
    } else if (setting !== null) {
      key = (setting[1] as string).replaceAll("_", "-");
      if (into !== undefined) into[key] = (setting[2] as string).trim();
    }
  }
  return { ...general, ...forDownload };
}
