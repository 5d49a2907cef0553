import { createRequire } from "node:module";

/** The version of kgraft: what another one made is not taken for its own. */
export const { version } = createRequire(import.meta.url)("../package.json") as { readonly version: string };
