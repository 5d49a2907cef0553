import type { FusedEncoder } from "@kgraft/fusion";
import { InputError } from "@kgraft/runtime";
import type { Objective } from "../contract.ts";
import type { PretrainingTextOptions } from "./pretraining-texts.ts";

/**
 * Says which pairs documents are cut into, and checks that objectives can be trained on the same batches, with the strategy.
 *
 * @throws InputError `tasks.pretrain.objectives` where two want different pairs, one is causal and others are not, or
 * objective and strategy both set positions or visibility
 */
export function pairsOf(objectives: readonly Objective[], { fusion }: FusedEncoder): PretrainingTextOptions["pairs"] {
  const kinds = new Map(objectives.flatMap(({ name, pairs }) => (pairs === undefined ? [] : [[pairs, name]])));
  if (kinds.size > 1)
    throw refused(
      `${list([...kinds.values()])} want different pairs of segments`,
      "Wanted objectives that read the same pairs",
    );
  const causal = objectives.find((objective) => objective.causal);
  if (causal !== undefined && objectives.length > 1)
    throw refused(
      `"${causal.name}" hides from each piece what stands behind it, also from ${list(objectives.filter((one) => one !== causal).map(({ name }) => name))}`,
      `Wanted "${causal.name}" alone`,
    );
  const own = causal ?? objectives.find(({ pairs }) => pairs === "given");
  if (own !== undefined && fusion.attention !== undefined)
    throw refused(
      `"${own.name}" and the strategy both set which pieces see each other, or their positions`,
      "Wanted one of them",
    );
  const [kind] = kinds.keys();
  return kind === "given" ? undefined : kind;
}

/**
 * Checks that texts may share rows.
 *
 * @throws InputError `tasks.pretrain.pack` where the strategy reads each text by itself, or an objective reads pairs or is causal
 */
export function assertPackable(objectives: readonly Objective[], { fusion }: FusedEncoder): void {
  const reader = objectives.find(({ pairs, causal }) => pairs !== undefined || causal === true)?.name;
  if (reader === undefined && Object.keys(fusion).length === 0) return;
  throw new InputError({
    code: "tasks.pretrain.pack",
    at: "pretrain.pack",
    problem: `${reader === undefined ? "the strategy" : `"${reader}"`} reads each text in a row of its own`,
    wanted: "Wanted objectives over single texts, and no strategy, where texts share rows",
    fix: "Leave pack out: rows are then of like length",
  });
}

const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(" and ");

function refused(problem: string, wanted: string): InputError {
  return new InputError({ code: "tasks.pretrain.objectives", at: "pretrain.objectives", problem, wanted });
}
