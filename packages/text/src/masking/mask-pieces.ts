import { type Draw, InputError } from "@kgraft/runtime";
import type { Encoding, Tokenizer } from "../encoding.ts";
import type { TextSpan } from "../example.ts";
import { chooseExactly, chooseSpans } from "./choose.ts";
import { entityUnits, type PieceSpan, pieceUnits, wordUnits } from "./units.ts";

/** How {@link maskPieces} chooses. */
export interface MaskingOptions {
  /** Share of the pieces to predict. Default 0.15. */
  readonly rate?: number;
  readonly tokenizer: Tokenizer;
  /** The example's own stream, e.g. `streams(seed).at("masking", epoch, example)`. */
  readonly draw: Draw;
  /**
   * What is chosen together: single pieces (default), words between white space, mentions and the words outside them, or
   * spans of 1 to 10 words (geometric, p = 0.2) that always cover the rate, rounded up.
   */
  readonly unit?: "piece" | "word" | "entity" | "span";
  /** Mentions of the first sequence, for `entity`. */
  readonly mentions?: readonly TextSpan[] | undefined;
  /** Whether all pieces of a unit are masked, replaced or kept alike. Default: spans are, others piece by piece. */
  readonly alike?: boolean;
  /**
   * `bernoulli` (default): each unit is chosen by its own coin, so the count varies and may be 0. `exact`:
   * max(1, round(rate × pieces)) pieces, less where the next word would not fit.
   */
  readonly mode?: "bernoulli" | "exact";
  /** Pieces that stay as they are and are not predicted; what is drawn for the others does not depend on them. */
  readonly protectedPieces?: readonly number[] | undefined;
}

/** A masked encoding. */
export interface Masked {
  /** int32 [T]: the ids that the model reads. */
  readonly ids: Int32Array;
  /** Ascending positions of the pieces to predict. */
  readonly positions: readonly number[];
  /** The true id at each position. */
  readonly labels: readonly number[];
  /** What was chosen together, ascending; protected pieces included. */
  readonly units: readonly PieceSpan[];
}

/**
 * Chooses pieces to predict and hides them: 80 % become the mask token, 10 % another piece drawn from the vocabulary
 * without special tokens, 10 % stay. Special tokens, and pieces that are not from the text, are never chosen.
 *
 * @throws InputError `text.mask.token` where the tokenizer has no mask token
 * @source Devlin et al., NAACL 2019, section 3.1; `bernoulli` as in Hugging Face's collator, `exact` as in Google's
 * code. `word`: whole-word masking; `entity`: Sun et al., 2019 (arXiv 1904.09223); `span`: Joshi et al., TACL 2020.
 * Differs: random pieces are drawn evenly and are never special tokens
 */
export function maskPieces(encoding: Encoding, options: MaskingOptions): Masked {
  const { tokenizer, draw, alike = options.unit === "span" } = options;
  const mask = maskId(tokenizer);
  const units = choose(encoding, options);
  const kept = new Set(options.protectedPieces);
  const ids = encoding.ids.slice();
  const positions: number[] = [];
  const labels: number[] = [];
  for (const { first, last } of units) {
    const chance = alike ? draw.uniform() : undefined;
    for (let i = first; i < last; i++) {
      const id = ids[i] as number;
      const shown = hidden(id, mask, tokenizer, draw, chance ?? draw.uniform());
      if (kept.has(i)) continue;
      positions.push(i);
      labels.push(id);
      ids[i] = shown;
    }
  }
  return { ids, positions, labels, units };
}

function choose(encoding: Encoding, options: MaskingOptions): PieceSpan[] {
  const { tokenizer, draw, rate = 0.15, unit, mode } = options;
  if (unit === "span") return chooseSpans(wordUnits(encoding, tokenizer), rate, draw);
  const units =
    unit === "entity"
      ? entityUnits(encoding, tokenizer, options.mentions ?? [])
      : unit === "word"
        ? wordUnits(encoding, tokenizer)
        : pieceUnits(encoding, tokenizer);
  return mode === "exact" ? chooseExactly(units, rate, draw) : units.filter(() => draw.uniform() < rate);
}

/** @throws InputError `text.mask.token` where the tokenizer has none */
function maskId({ special }: Tokenizer): number {
  if (special.mask !== undefined) return special.mask;
  throw new InputError({
    code: "text.mask.token",
    at: "text.maskPieces",
    problem: "the tokenizer has no mask token",
    wanted: "Wanted [MASK] or <mask> in its vocabulary",
  });
}

function hidden(id: number, mask: number, tokenizer: Tokenizer, draw: Draw, chance: number): number {
  if (chance < 0.8) return mask;
  if (chance >= 0.9) return id;
  for (;;) {
    const other = draw.integer(tokenizer.vocabularySize);
    if (!tokenizer.specialIds.has(other)) return other;
  }
}
