import { type LinkedDocument, scoreLinks } from "@kgraft/entity-linking";
import { InputError, suggestion } from "@kgraft/runtime";
import { scoreClassification, scoreEntityTyping, scoreNamedEntities } from "@kgraft/tasks";
import { readExamples } from "@kgraft/text";

type Scorer = (gold: string, predictions: string) => Promise<{ readonly scores: object }>;

/** The tasks whose predictions can be scored from files. */
const scorers: Readonly<Record<string, Scorer>> = {
  "entity-linking": scoreLinking,
  "entity-typing": scoreEntityTyping,
  "named-entity-recognition": scoreNamedEntities,
  "relation-classification": (gold, predictions) => scoreClassification(gold, predictions),
  "sentence-classification": (gold, predictions) => scoreClassification(gold, predictions),
};

/** Scores linked text against linked text: equal spans and entities. */
async function scoreLinking(gold: string, predictions: string): Promise<{ readonly scores: object }> {
  return { scores: scoreLinks(await readLinks(gold), await readLinks(predictions), "strong") };
}

async function readLinks(path: string): Promise<readonly LinkedDocument[]> {
  const documents: LinkedDocument[] = [];
  for await (const { id, mentions = [] } of readExamples(path, { uniqueIds: true }))
    documents.push({ id, links: mentions });
  return documents;
}

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
