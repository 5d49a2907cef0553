import type { Cell } from "../comparison-table.ts";
import { percent } from "../comparison-table.ts";
import type { RunConfig } from "../config/run-config.ts";
import { hideSecrets } from "../config/secrets.ts";

/** The README.md of a model folder: where it comes from, what it was trained on, how it scores. */
export function modelCard(
  config: RunConfig,
  cell: Cell & { readonly task: string | undefined },
  written: string,
): string {
  const scores = Object.entries(cell.scores).flatMap(([split, metrics]) =>
    Object.entries(metrics).map(([metric, value]) => `| ${split} | ${metric} | ${percent({ mean: value })} |`),
  );
  return [
    `# ${config.name}: ${cell.arm}`,
    "",
    `Trained with kgraft from ${hideSecrets(config.encoder?.checkpoint ?? "random weights", config.secrets)}, seed ${cell.seed}, backend ${cell.backend}.`,
    "The encoder loads in Python's `transformers`; the fusion is in `fusion.safetensors`, a task's head in `head.safetensors`.",
    "Its licence is that of the checkpoint and the data it was trained on.",
    ...(scores.length === 0
      ? []
      : ["", `## Scores of ${cell.task}, in percent`, "", "| split | metric | value |", "|---|---|---|", ...scores]),
    "",
    "## Config",
    "",
    "```yaml",
    written.trimEnd(),
    "```",
    "",
  ].join("\n");
}
