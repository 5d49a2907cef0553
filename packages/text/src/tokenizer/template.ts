import { z } from "zod";
import type { Template, TemplateItem } from "./components.ts";

const pieceSchema = z.union([
  z.object({ Sequence: z.object({ id: z.enum(["A", "B"]), type_id: z.int().nonnegative() }) }),
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int().nonnegative() }) }),
]);

export const templateProcessingSchema = z.object({
  single: z.array(pieceSchema),
  pair: z.array(pieceSchema),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(z.int().nonnegative()) })),
});

const tokenSchema = z.tuple([z.string(), z.int().nonnegative()]);

export const bertProcessingSchema = z.object({ sep: tokenSchema, cls: tokenSchema });

export const robertaProcessingSchema = z.object({
  sep: tokenSchema,
  cls: tokenSchema,
  trim_offsets: z.boolean().default(true),
  add_prefix_space: z.boolean().default(true),
});

/** The sequences alone. */
export const plainTemplate: Template = { single: [sequence(0, 0)], pair: [sequence(0, 0), sequence(1, 1)] };

/** @throws Error naming a special token that the template uses and does not define */
export function templateProcessing(options: z.output<typeof templateProcessingSchema>): Template {
  const read = (piece: z.output<typeof pieceSchema>): TemplateItem => {
    if ("Sequence" in piece) return sequence(piece.Sequence.id === "A" ? 0 : 1, piece.Sequence.type_id);
    const { id, type_id } = piece.SpecialToken;
    const ids = Object.hasOwn(options.special_tokens, id) ? options.special_tokens[id]?.ids : undefined;
    if (ids === undefined)
      throw new Error(`the template uses the special token ${JSON.stringify(id)}, not defined in it`);
    return special(ids, type_id);
  };
  return { single: options.single.map(read), pair: options.pair.map(read) };
}

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, the second sequence of type 1. */
export function bertProcessing(options: z.output<typeof bertProcessingSchema>): Template {
  const single = [special([options.cls[1]], 0), sequence(0, 0), special([options.sep[1]], 0)];
  return { single, pair: [...single, sequence(1, 1), special([options.sep[1]], 1)] };
}

/** `<s> A </s>` and `<s> A </s></s> B </s>`, all of type 0. */
export function robertaProcessing(options: z.output<typeof robertaProcessingSchema>): Template {
  const separator = special([options.sep[1]], 0);
  const single = [special([options.cls[1]], 0), sequence(0, 0), separator];
  return {
    single,
    pair: [...single, separator, sequence(1, 0), separator],
    trimOffsets: options.trim_offsets ? { addPrefixSpace: options.add_prefix_space } : undefined,
  };
}

/** How many special tokens a template adds. */
export function addedBy(items: readonly TemplateItem[]): number {
  return items.reduce((count, item) => count + (item.kind === "special" ? item.ids.length : 0), 0);
}

function sequence(which: 0 | 1, typeId: number): TemplateItem {
  return { kind: "sequence", sequence: which, typeId };
}

function special(ids: readonly number[], typeId: number): TemplateItem {
  return { kind: "special", ids, typeId };
}
