import type { LossName } from "../losses.ts";

/**
 * Scores and losses in double precision, one triple at a time, written from the papers' equations: what the tests
 * hold the tensor code against. Complex rows are real, then imaginary halves.
 */
type Row = readonly number[];

export const referenceScores: Readonly<Record<string, (head: Row, relation: Row, tail: Row) => number>> = {
  "transe-1": (h, r, t) => -sum(h, (x, i) => Math.abs(x + at(r, i) - at(t, i))),
  "transe-2": (h, r, t) => -Math.sqrt(sum(h, (x, i) => (x + at(r, i) - at(t, i)) ** 2)),
  distmult: (h, r, t) => sum(h, (x, i) => x * at(r, i) * at(t, i)),
  complex(h, r, t) {
    const k = h.length / 2;
    return sum(h.slice(0, k), (hr, i) => {
      const [hi, rr, ri, tr, ti] = [at(h, k + i), at(r, i), at(r, k + i), at(t, i), at(t, k + i)];
      return hr * rr * tr + hi * rr * ti + hr * ri * ti - hi * ri * tr;
    });
  },
  rotate(h, r, t) {
    const k = h.length / 2;
    return -sum(r, (angle, i) => {
      const real = at(h, i) * Math.cos(angle) - at(h, k + i) * Math.sin(angle) - at(t, i);
      const imaginary = at(h, i) * Math.sin(angle) + at(h, k + i) * Math.cos(angle) - at(t, k + i);
      return Math.hypot(real, imaginary);
    });
  },
};

/** Shares of the negatives in the self-adversarial loss, held constant when its slope is taken. */
export function referenceShares(negatives: Row, temperature: number): number[] {
  const weights = negatives.map((score) => Math.exp(temperature * score));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** The loss of one question from the scores of its answer and of its negatives. */
export function referenceLoss(name: LossName, answer: number, negatives: Row, margin: number, shares: Row): number {
  const mean = (f: (score: number) => number) => (negatives.length === 0 ? 0 : sum(negatives, f) / negatives.length);
  const softplus = (x: number) => Math.log(1 + Math.exp(x));
  switch (name) {
    case "softmax":
      return Math.log(Math.exp(answer) + sum(negatives, Math.exp)) - answer;
    case "margin":
      return mean((score) => Math.max(0, margin - answer + score));
    case "softplus":
      return softplus(-answer) + mean(softplus);
    case "self-adversarial":
      return (
        0.5 * (softplus(-(margin + answer)) + sum(negatives, (score, i) => at(shares, i) * softplus(score + margin)))
      );
  }
}

const at = (row: Row, i: number): number => row[i] as number;

function sum(values: Row, f: (value: number, i: number) => number): number {
  return values.reduce((total, value, i) => total + f(value, i), 0);
}
