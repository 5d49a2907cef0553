import { stringify } from "yaml";
import type { ConfigTree } from "./config-tree.ts";

/** The merged config as YAML, `${NAME}` unexpanded: what stands beside a run's results. */
export function writtenConfig(tree: ConfigTree): string {
  return stringify(tree.value, { lineWidth: 120, version: "1.2" });
}
