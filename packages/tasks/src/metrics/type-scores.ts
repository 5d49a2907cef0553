/** How one type fares. A score whose denominator is 0 is undefined, not 0. */
export interface TypeScore {
  readonly type: string;
  /** Lines that have it. */
  readonly gold: number;
  /** Lines that were given it. */
  readonly predicted: number;
  readonly correct: number;
  readonly precision: number | undefined;
  readonly recall: number | undefined;
  /** 2 correct / (predicted + gold). */
  readonly f1: number | undefined;
}

/** What is counted of one type. */
export interface TypeCounts {
  gold: number;
  predicted: number;
  correct: number;
}

/** Adds a line to the counts of the types that it has or was given. */
export function addToTypes(
  types: Map<string, TypeCounts>,
  gold: ReadonlySet<string>,
  predicted: ReadonlySet<string>,
): void {
  const counts = (type: string): TypeCounts => {
    const found = types.get(type) ?? { gold: 0, predicted: 0, correct: 0 };
    types.set(type, found);
    return found;
  };
  for (const type of gold) counts(type).gold++;
  for (const type of predicted) {
    const found = counts(type);
    found.predicted++;
    if (gold.has(type)) found.correct++;
  }
}

/**
 * Scores every type that was counted or is listed, sorted by code unit.
 *
 * @param listed types that stand there even where nothing has them
 */
export function scoreTypes(counts: ReadonlyMap<string, TypeCounts>, listed: readonly string[]): readonly TypeScore[] {
  const names = [...new Set([...listed, ...counts.keys()])].sort();
  return names.map((type) => {
    const found = counts.get(type) ?? { gold: 0, predicted: 0, correct: 0 };
    return {
      type,
      ...found,
      precision: ratio(found.correct, found.predicted),
      recall: ratio(found.correct, found.gold),
      f1: ratio(2 * found.correct, found.predicted + found.gold),
    };
  });
}

/** Divides; undefined where there is nothing to divide by. */
export function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

/** F1 of a precision and a recall; 0 where both are 0. */
export function harmonicMean(precision: number, recall: number): number {
  return ratio(2 * precision * recall, precision + recall) ?? 0;
}

/** Mean of numbers; 0 of none. */
export function meanOf(values: readonly number[]): number {
  return (
    ratio(
      values.reduce((sum, value) => sum + value, 0),
      values.length,
    ) ?? 0
  );
}
