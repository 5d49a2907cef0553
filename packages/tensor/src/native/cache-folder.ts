import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Gives the folder where what is built or fetched once is kept, outside every checkout: `$KGRAFT_CACHE`, else
 * `$XDG_CACHE_HOME/kgraft`, else `~/.cache/kgraft`. It need not exist.
 *
 * @param parts folders below it
 */
export function cacheFolder(...parts: readonly string[]): string {
  const { KGRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  const root = KGRAFT_CACHE || (XDG_CACHE_HOME ? join(XDG_CACHE_HOME, "kgraft") : join(homedir(), ".cache", "kgraft"));
  return join(root, ...parts);
}
