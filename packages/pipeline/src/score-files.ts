import { InputError, suggestion } from "@kgraft/runtime";
import { scoreEntityTyping } from "@kgraft/tasks";

/** The tasks whose predictions can be scored from files. */
const scorers: Readonly<Record<string, (gold: string, predictions: string) => Promise<{ readonly scores: object }>>> = {
  "entity-typing": scoreEntityTyping,
};

/** Scores a prediction file against a gold file. @throws InputError `score.task`, or what the files have wrong */
export async function scoreFiles(task: string, gold: string, predictions: string): Promise<object> {
  const scorer = scorers[task];
  if (scorer !== undefined) return (await scorer(gold, predictions)).scores;
  const names = Object.keys(scorers);
  throw new InputError({
    code: "score.task",
    at: "kgraft score",
    problem: `no scores for the task "${task}"`,
    wanted: `There are: ${names.join(", ")}`,
    fix: suggestion(task, names),
  });
}
