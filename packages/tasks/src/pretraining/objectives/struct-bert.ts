import { maskedLanguageModelHead } from "@kgraft/encoder";
import type { PreparedText } from "@kgraft/fusion";
import type { Draw } from "@kgraft/runtime";
import type { Tokenizer } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../../contract.ts";
import {
  type HiddenPiece,
  hidePieces,
  maskRate,
  mostPieces,
  pieceLoss,
  piecesOfBatch,
  pieceTargets,
} from "./masked-pieces.ts";
import { pairHead } from "./pair-classes.ts";

const options = z.strictObject({
  maskRate,
  shuffleRate: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe("Share of a text's pieces that stand in trigrams whose order is shuffled"),
});

const [name, sentence] = ["struct-bert", "struct-bert-sentence"] as const;

/**
 * StructBERT's two objectives: besides masked pieces, the true pieces of shuffled trigrams are predicted by the same head;
 * and of a pair, whether the second segment follows, stands before, or is from another document.
 */
export const structBert: ObjectiveDefinition<z.infer<typeof options>> = {
  name,
  summary: "Masked pieces and shuffled trigrams through one head, and three classes of sentence pairs.",
  paper: {
    title: "StructBERT: Incorporating Language Structures into Pre-training for Deep Language Understanding",
    authors: "Wang, Bi, Yan, Wu, Bao, Xia, Peng and Si",
    venue: "ICLR 2020",
    url: "https://arxiv.org/abs/1908.04577",
  },
  options,
  create({ maskRate: rate, shuffleRate }, { encoder, tokenizer }) {
    const words = maskedLanguageModelHead(encoder.config);
    const order = pairHead(encoder, { objective: sentence, classes: 3 });
    return {
      name,
      lossNames: [name, sentence],
      pairs: "next-previous-random",
      parameters: [...words.parameters, ...order.parameters],
      corrupt(batch) {
        const hidden = hidePieces(batch, () => ({ tokenizer, rate, mode: "exact" }));
        const moved = batch.examples.flatMap((_, row) => shuffleTrigrams(batch, row, tokenizer, shuffleRate));
        const most = mostPieces(batch.shape, rate) + batch.shape.rows * mostShuffled(batch.shape.length, shuffleRate);
        const pieces = [...piecesOfBatch(hidden, batch), ...moved];
        return { ...pieceTargets(name, pieces, most), ...order.targets(batch) };
      },
      losses: (hidden, _, at) => ({
        [name]: pieceLoss(name, words, hidden, at),
        [sentence]: order.loss(hidden, at),
      }),
    };
  },
};

const mostShuffled = (length: number, rate: number): number => 3 * Math.round((rate * length) / 3);

/** Shuffles trigrams of untouched neighbouring pieces; a shuffle that changes nothing counts too. */
function shuffleTrigrams(batch: ObjectiveBatch, row: number, tokenizer: Tokenizer, rate: number): HiddenPiece[] {
  const example = batch.examples[row] as PreparedText;
  const before = batch.starts[row] as number;
  const draw = batch.draw(row, "trigrams");
  const count = Math.min(
    Math.round((rate * example.encoding.ids.length) / 3),
    mostShuffled(batch.shape.length, rate) / 3,
  );
  const moved: HiddenPiece[] = [];
  for (const start of starts(example, tokenizer, draw)) {
    if (moved.length === 3 * count) break;
    const places = [0, 1, 2].map((i) => before + start + i);
    if (places.some((place) => batch.taken[place] === 1)) continue;
    const labels = places.map((place) => batch.ids[place] as number);
    for (const [i, from] of draw.permutation(3).entries()) batch.ids[places[i] as number] = labels[from] as number;
    for (const [i, place] of places.entries()) {
      batch.taken[place] = 1;
      moved.push({ place, label: labels[i] as number });
    }
  }
  return moved;
}

/** Where three pieces of one sequence stand side by side, none special or protected, in random order. */
function starts({ encoding, protectedPieces }: PreparedText, tokenizer: Tokenizer, draw: Draw): readonly number[] {
  const guarded = new Set(protectedPieces);
  const { ids, sequenceIds } = encoding;
  const free = (piece: number): boolean =>
    (sequenceIds[piece] ?? -1) >= 0 && !tokenizer.specialIds.has(ids[piece] as number) && !guarded.has(piece);
  const all = Array.from(ids.keys()).filter(
    (piece) => [0, 1, 2].every((i) => free(piece + i)) && sequenceIds[piece] === sequenceIds[piece + 2],
  );
  return Array.from(draw.permutation(all.length), (i) => all[i] as number);
}
