import type { Dimension } from "../trace/dimension.ts";
import type { ElementType } from "./element-type.ts";

/** The value of a node's attribute: an integer, integers, a text, or a float. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly tensor: Initializer };

/** One operator of a graph; an input it does without is the empty name. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that stands in the file. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian, asked for when it is written. */
  bytes(): Uint8Array;
}

/** An input or output of the graph. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** A model as the file has it. */
export interface Model {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** What a person should know, by key. */
  readonly metadata: Readonly<Record<string, string>>;
}
