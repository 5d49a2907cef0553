import { InputError } from "@kgraft/runtime";

/** A span and what it was linked to; no entity: it names something outside the knowledge base (NIL). */
export interface Link {
  readonly start: number;
  readonly end: number;
  readonly entity?: string | undefined;
}

/** The links of one document. */
export interface LinkedDocument {
  readonly id: string;
  readonly links: readonly Link[];
}

/** `strong`: equal spans; `weak`: spans that share at least one character. */
export type SpanMatch = "strong" | "weak";

/** Precision, recall and F1 as fractions of 1; `inKb` counts only links to entities of the knowledge base. */
export interface LinkScores {
  readonly microPrecision: number;
  readonly microRecall: number;
  readonly microF1: number;
  readonly macroPrecision: number;
  readonly macroRecall: number;
  readonly macroF1: number;
  readonly inKbMicroPrecision: number;
  readonly inKbMicroRecall: number;
  readonly inKbMicroF1: number;
  readonly inKbMacroPrecision: number;
  readonly inKbMacroRecall: number;
  readonly inKbMacroF1: number;
}

interface Counts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

interface Rates {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Scores detecting and linking mentions against gold links, joined by document id.
 *
 * For each gold link in order the first predicted link that is not used yet and fits counts: the span must match, and the
 * entities must be equal or both be NIL. Micro sums counts over documents; macro averages P, R and F1 of the documents
 * (so macro F1 is not made from macro P and R). A document with nothing expected and nothing found scores 1.
 *
 * @throws InputError `linking.score.ids` where an id is doubled or stands on one side only, `linking.score.empty`
 * @source GERBIL, A2KB experiments (Röder et al., Semantic Web 2018)
 */
export function scoreLinks(
  gold: readonly LinkedDocument[],
  predicted: readonly LinkedDocument[],
  match: SpanMatch,
): LinkScores {
  if (gold.length === 0)
    throw new InputError({
      code: "linking.score.empty",
      at: "gold",
      problem: "holds 0 documents",
      wanted: "Wanted at least one to score",
    });
  const pairs = join(gold, predicted);
  const all = pairs.map(([expected, found]) => countDocument(expected, found, match));
  const known = (links: readonly Link[]) => links.filter(({ entity }) => entity !== undefined);
  const inKb = pairs.map(([expected, found]) => countDocument(known(expected), known(found), match));
  const [micro, macro, inKbMicro, inKbMacro] = [ratesOf(sum(all)), average(all), ratesOf(sum(inKb)), average(inKb)];
  return {
    microPrecision: micro.precision,
    microRecall: micro.recall,
    microF1: micro.f1,
    macroPrecision: macro.precision,
    macroRecall: macro.recall,
    macroF1: macro.f1,
    inKbMicroPrecision: inKbMicro.precision,
    inKbMicroRecall: inKbMicro.recall,
    inKbMicroF1: inKbMicro.f1,
    inKbMacroPrecision: inKbMacro.precision,
    inKbMacroRecall: inKbMacro.recall,
    inKbMacroF1: inKbMacro.f1,
  };
}

function join(
  gold: readonly LinkedDocument[],
  predicted: readonly LinkedDocument[],
): (readonly [expected: readonly Link[], found: readonly Link[]])[] {
  const found = byId(predicted, "predictions");
  const expected = byId(gold, "gold");
  for (const id of found.keys()) if (!expected.has(id)) throw idError("gold", `has no document ${JSON.stringify(id)}`);
  return Array.from(expected, ([id, links]) => {
    const other = found.get(id);
    if (other === undefined) throw idError("predictions", `have no document ${JSON.stringify(id)}`);
    return [links, other] as const;
  });
}

function byId(documents: readonly LinkedDocument[], side: string): Map<string, readonly Link[]> {
  const links = new Map<string, readonly Link[]>();
  for (const document of documents) {
    if (links.has(document.id)) throw idError(side, `the document ${JSON.stringify(document.id)} stands twice`);
    links.set(document.id, document.links);
  }
  return links;
}

function idError(side: string, problem: string): InputError {
  return new InputError({
    code: "linking.score.ids",
    at: side,
    problem,
    wanted: "Wanted every document once in gold and once in predictions",
  });
}

function countDocument(gold: readonly Link[], predicted: readonly Link[], match: SpanMatch): Counts {
  const used = new Set<Link>();
  let truePositives = 0;
  for (const expected of gold) {
    const fit = predicted.find((link) => !used.has(link) && fits(expected, link, match));
    if (fit === undefined) continue;
    used.add(fit);
    truePositives++;
  }
  return {
    truePositives,
    falsePositives: predicted.length - truePositives,
    falseNegatives: gold.length - truePositives,
  };
}

function fits(gold: Link, link: Link, match: SpanMatch): boolean {
  if (gold.entity !== link.entity) return false;
  if (match === "strong") return gold.start === link.start && gold.end === link.end;
  return gold.start < link.end && link.start < gold.end;
}

function sum(counts: readonly Counts[]): Counts {
  const total = (key: keyof Counts) => counts.reduce((before, count) => before + count[key], 0);
  return {
    truePositives: total("truePositives"),
    falsePositives: total("falsePositives"),
    falseNegatives: total("falseNegatives"),
  };
}

function ratesOf({ truePositives, falsePositives, falseNegatives }: Counts): Rates {
  if (truePositives === 0) {
    const perfect = falsePositives === 0 && falseNegatives === 0 ? 1 : 0;
    return { precision: perfect, recall: perfect, f1: perfect };
  }
  const precision = truePositives / (truePositives + falsePositives);
  const recall = truePositives / (truePositives + falseNegatives);
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

function average(counts: readonly Counts[]): Rates {
  const rates = counts.map(ratesOf);
  const mean = (key: keyof Rates) => rates.reduce((total, rate) => total + rate[key], 0) / rates.length;
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}
