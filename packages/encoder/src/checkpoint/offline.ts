import { InputError } from "@kgraft/runtime";

const variables = ["KGRAFT_OFFLINE", "HF_HUB_OFFLINE"] as const;

/** The variable that forbids the network, or undefined where it is allowed. */
export function offlineVariable(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return variables.find((name) => /^(1|true|yes|on)$/i.test(env[name] ?? ""));
}

/**
 * Refuses to fetch while the network is forbidden.
 *
 * @param folder where the thing would lie if it had been fetched
 * @throws InputError `encoder.checkpoint.offline`
 */
export function assertOnline(source: string, folder: string): void {
  const variable = offlineVariable();
  if (variable === undefined) return;
  throw new InputError({
    code: "encoder.checkpoint.offline",
    at: `encoder.checkpoint "${source}"`,
    problem: `is not in the cache (${folder}) and ${variable} forbids fetching it`,
    fix: `Run once without ${variable}, or name a folder as file:FOLDER`,
  });
}
