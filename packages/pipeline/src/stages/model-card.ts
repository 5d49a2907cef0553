import type { FinishedCell } from "../cell-folder.ts";
import { type Cell, count, shownScore } from "../comparison-table.ts";
import type { Choice, RunConfig } from "../config/run-config.ts";
import { hideSecrets } from "../config/secrets.ts";

/** What a card says of a run, the counts of its data only where they are known. */
type CardCell = Cell & Pick<FinishedCell, "task"> & Partial<Pick<FinishedCell, "counts">>;

/** The README.md of a model folder: where it comes from, what it was trained on, how it scores, with what config. */
export function modelCard(config: RunConfig, cell: CardCell, written: string): string {
  const checkpoint = hideSecrets(config.encoder?.checkpoint ?? "random weights", config.secrets);
  return [
    ...frontMatter(config, cell.arm),
    `# ${config.name}: ${cell.arm}`,
    "",
    `Trained with kgraft from ${checkpoint}, seed ${cell.seed}, backend ${cell.backend}; ${count(cell.parameters.total)} parameters.`,
    "The encoder loads in Python's `transformers`; the fusion is in `fusion.safetensors`, a task's head in `head.safetensors`.",
    "Its licence is that of the checkpoint and the data it was trained on.",
    ...section("Data", table(["", "from", "named in the config below as"], dataRows(config))),
    ...section("What became of it", table(["count", "value"], countRows(cell))),
    ...section(`Scores of ${cell.task}, in percent`, table(["split", "metric", "value"], scoreRows(cell))),
    ...section("Config", ["```yaml", written.trimEnd(), "```"]),
    "",
  ].join("\n");
}

/** What model hubs read: tags, and the model that this one was trained from where it is one of a hub. */
function frontMatter({ encoder }: RunConfig, arm: string): readonly string[] {
  const base = encoder?.checkpoint?.startsWith("hf:") ? encoder.checkpoint.slice(3).replace(/@.*$/, "") : undefined;
  const tags = ["kgraft", "knowledge-graph", ...arm.split(/[+@]/)];
  return ["---", `tags: [${tags.join(", ")}]`, ...(base ? [`base_model: ${base}`] : []), "---", ""];
}

function dataRows({ graph, corpus, linker, embedding, task }: RunConfig): readonly (readonly string[])[] {
  const choices: Readonly<Record<string, Choice | undefined>> = {
    graph,
    corpus,
    linker,
    embedding,
    task,
    "task.data": task?.data,
  };
  const called: Readonly<Record<string, string>> = {
    graph: "knowledge graph",
    corpus: "text of pre-training",
    linker: "links of the text to the graph",
    embedding: "entity vectors",
    task: "task",
    "task.data": "the task's examples",
  };
  return Object.entries(choices).flatMap(([key, choice]) =>
    choice === undefined ? [] : [[called[key] as string, choice.name, `\`${key}\``]],
  );
}

const countRows = ({ counts = {} }: CardCell) => Object.entries(counts).map(([name, value]) => [name, String(value)]);

const scoreRows = ({ scores }: CardCell) =>
  Object.entries(scores).flatMap(([split, metrics]) =>
    Object.entries(metrics).map(([metric, value]) => [split, metric, shownScore(metric, { mean: value })]),
  );

/** Nothing without rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)];
}

/** Nothing without lines. */
function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];
}
