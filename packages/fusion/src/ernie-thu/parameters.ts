import type { Initializer, ParameterRole, ParameterSpec } from "@kgraft/tensor";
import type { LayerKind } from "./options.ts";

/** Sizes that shapes are made of. */
export interface Sizes {
  /** H */
  readonly hidden: number;
  /** I */
  readonly intermediate: number;
  /** E */
  readonly entity: number;
  /** Deviation that kernels start with. */
  readonly deviation: number;
}

type Size = "hidden" | "intermediate" | "entity";

/** One row of the map between our names and the released checkpoint's. */
interface Row {
  readonly ours: string;
  readonly official: string;
  readonly shape: readonly Size[];
  readonly role: ParameterRole;
}

const linear = (ours: string, official: string, out: Size, input: Size): readonly Row[] => [
  { ours: `${ours}/kernel`, official: `${official}.weight`, shape: [out, input], role: "weight" },
  { ours: `${ours}/bias`, official: `${official}.bias`, shape: [out], role: "bias" },
];

const norm = (ours: string, official: string): readonly Row[] => [
  { ours: `${ours}/gain`, official: `${official}.weight`, shape: ["entity"], role: "normalization" },
  { ours: `${ours}/bias`, official: `${official}.bias`, shape: ["entity"], role: "bias" },
];

/** Entity attention, in `norm` layers only. */
const attentionRows: readonly Row[] = [
  ...linear("attention/query", "attention.self_ent.query", "entity", "entity"),
  ...linear("attention/key", "attention.self_ent.key", "entity", "entity"),
  ...linear("attention/value", "attention.self_ent.value", "entity", "entity"),
  ...linear("attention/output", "attention.output_ent.dense", "entity", "entity"),
  ...norm("attention/norm", "attention.output_ent.LayerNorm"),
];

/** Into the inner layer that both streams share. */
const upRows = linear("up", "intermediate.dense_ent", "intermediate", "entity");

/** Back to the entity stream. */
const downRows: readonly Row[] = [
  ...linear("down", "output.dense_ent", "entity", "intermediate"),
  ...norm("norm", "output.LayerNorm_ent"),
];

const headRows: readonly Row[] = [
  ...linear("transform", "cls.predictions_ent.transform.dense", "entity", "hidden"),
  ...norm("norm", "cls.predictions_ent.transform.LayerNorm"),
];

const prefix = "fusion/ernie-thu";

/** Prefix of a fused layer's parameters: `fusion/ernie-thu/layer.5`. */
export const layerPrefix = (layer: number): string => `${prefix}/layer.${layer}`;

/** Prefix of the entity alignment head's parameters. */
export const headPrefix = `${prefix}/alignment`;

/** Parameters under their own names, and what the released checkpoint calls each. */
export interface NamedParameters {
  readonly specs: readonly ParameterSpec[];
  readonly officialNames: Readonly<Record<string, string>>;
}

/** Declares the parameters of all fused layers, from the lowest up. */
export function layerParameters(plan: readonly LayerKind[], sizes: Sizes): NamedParameters {
  return merge(
    plan.map((kind, layer) => {
      const rows = kind === "sim" ? [] : [...(kind === "norm" ? attentionRows : []), ...upRows, ...downRows];
      return declare(rows, layerPrefix(layer), `bert.encoder.layer.${layer}.`, sizes);
    }),
  );
}

/** Declares the entity alignment head's parameters. */
export function headParameters(sizes: Sizes): NamedParameters {
  return declare(headRows, headPrefix, "", sizes);
}

/** Names of the parameters that only the entity stream above a layer would feel. */
export function downNames(layer: number): readonly string[] {
  return downRows.map((row) => `${layerPrefix(layer)}/${row.ours}`);
}

function declare(rows: readonly Row[], ours: string, official: string, sizes: Sizes): NamedParameters {
  return {
    specs: rows.map((row) => ({
      name: `${ours}/${row.ours}`,
      shape: row.shape.map((size) => sizes[size]),
      init: initializer(row, sizes),
      role: row.role,
    })),
    officialNames: Object.fromEntries(rows.map((row) => [`${ours}/${row.ours}`, `${official}${row.official}`])),
  };
}

function initializer({ role }: Row, { deviation }: Sizes): Initializer {
  if (role === "weight") return { kind: "normal", deviation };
  return { kind: role === "normalization" ? "ones" : "zeros" };
}

function merge(parts: readonly NamedParameters[]): NamedParameters {
  return {
    specs: parts.flatMap((part) => part.specs),
    officialNames: Object.assign({}, ...parts.map((part) => part.officialNames)),
  };
}
