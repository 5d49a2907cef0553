import { type Draw, InputError } from "@kgraft/runtime";
import type { Encoding, Tokenizer } from "./encoding.ts";

/** How {@link maskPieces} chooses. */
export interface MaskingOptions {
  /** Share of the pieces to predict. Default 0.15. */
  readonly rate?: number;
  readonly tokenizer: Tokenizer;
  /** The example's own stream, e.g. `streams(seed).at("masking", epoch, example)`. */
  readonly draw: Draw;
  /** What is chosen together: single pieces (default), or words between white space. */
  readonly unit?: "piece" | "word";
  /**
   * `bernoulli` (default): each unit is chosen by its own coin, so the count varies and may be 0. `exact`:
   * max(1, round(rate × pieces)) pieces, less where the next word would not fit.
   */
  readonly mode?: "bernoulli" | "exact";
  /** Pieces that stay as they are and are not predicted; what is drawn for the others does not depend on them. */
  readonly protectedPieces?: readonly number[] | undefined;
}

/** Half-open range of pieces that are chosen together. */
interface PieceSpan {
  readonly first: number;
  readonly last: number;
}

/** A masked encoding. */
export interface Masked {
  /** int32 [T]: the ids that the model reads. */
  readonly ids: Int32Array;
  /** Ascending positions of the pieces to predict. */
  readonly positions: readonly number[];
  /** The true id at each position. */
  readonly labels: readonly number[];
}

/**
 * Chooses pieces to predict and hides them: 80 % become the mask token, 10 % another piece drawn from the vocabulary
 * without special tokens, 10 % stay. Special tokens, and pieces that are not from the text, are never chosen.
 *
 * @throws InputError `text.mask.token` where the tokenizer has no mask token
 * @source Devlin et al., NAACL 2019, section 3.1; `bernoulli` as in Hugging Face's collator, `exact` as in Google's
 * code. Differs: random pieces are never special tokens
 */
export function maskPieces(encoding: Encoding, options: MaskingOptions): Masked {
  const { tokenizer, draw, rate = 0.15 } = options;
  const mask = tokenizer.special.mask;
  if (mask === undefined)
    throw new InputError({
      code: "text.mask.token",
      at: "text.maskPieces",
      problem: "the tokenizer has no mask token",
      wanted: "Wanted [MASK] or <mask> in its vocabulary",
    });
  const units = options.unit === "word" ? words(encoding, tokenizer) : pieces(encoding, tokenizer);
  const chosen =
    options.mode === "exact" ? chooseExactly(units, rate, draw) : units.filter(() => draw.uniform() < rate);
  const kept = new Set(options.protectedPieces);
  const ids = encoding.ids.slice();
  const positions: number[] = [];
  const labels: number[] = [];
  for (const unit of chosen)
    for (let i = unit.first; i < unit.last; i++) {
      const id = ids[i] as number;
      const shown = hidden(id, mask, tokenizer, draw);
      if (kept.has(i)) continue;
      positions.push(i);
      labels.push(id);
      ids[i] = shown;
    }
  return { ids, positions, labels };
}

function hidden(id: number, mask: number, tokenizer: Tokenizer, draw: Draw): number {
  const chance = draw.uniform();
  if (chance < 0.8) return mask;
  if (chance >= 0.9) return id;
  for (;;) {
    const other = draw.integer(tokenizer.vocabularySize);
    if (!tokenizer.specialIds.has(other)) return other;
  }
}

function eligible(encoding: Encoding, tokenizer: Tokenizer, i: number): boolean {
  return (encoding.sequenceIds[i] as number) >= 0 && !tokenizer.specialIds.has(encoding.ids[i] as number);
}

function pieces(encoding: Encoding, tokenizer: Tokenizer): PieceSpan[] {
  const units: PieceSpan[] = [];
  for (let i = 0; i < encoding.ids.length; i++)
    if (eligible(encoding, tokenizer, i)) units.push({ first: i, last: i + 1 });
  return units;
}

/** Runs of pieces that touch each other in the text: what white space separates. */
function words(encoding: Encoding, tokenizer: Tokenizer): PieceSpan[] {
  const units: { first: number; last: number }[] = [];
  for (let i = 0; i < encoding.ids.length; i++) {
    if (!eligible(encoding, tokenizer, i)) continue;
    const open = units.at(-1);
    if (open?.last === i && touches(encoding, i)) open.last = i + 1;
    else units.push({ first: i, last: i + 1 });
  }
  return units;
}

function touches(encoding: Encoding, i: number): boolean {
  return (
    encoding.sequenceIds[i] === encoding.sequenceIds[i - 1] &&
    (encoding.starts[i] as number) <= (encoding.ends[i - 1] as number)
  );
}

function chooseExactly(units: readonly PieceSpan[], rate: number, draw: Draw): PieceSpan[] {
  const total = units.reduce((sum, unit) => sum + unit.last - unit.first, 0);
  let room = total === 0 ? 0 : Math.max(1, Math.round(rate * total));
  const chosen: PieceSpan[] = [];
  for (const i of draw.permutation(units.length)) {
    const unit = units[i] as PieceSpan;
    if (unit.last - unit.first > room) continue;
    room -= unit.last - unit.first;
    chosen.push(unit);
  }
  return chosen.sort((a, b) => a.first - b.first);
}
