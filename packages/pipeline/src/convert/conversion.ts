import type { Progress } from "@kgraft/runtime";
import type { Registry } from "../registry.ts";

/** What a conversion reads and writes. */
export interface ConversionRequest {
  /** A checkpoint source: `file:`, `hf:`, `pypi:`. */
  readonly source: string;
  /** The folder to be written. */
  readonly to: string;
  readonly registry: Registry;
  /** Entity vectors to be put into an ONNX file: a folder as `kgraft embed` writes it. */
  readonly vectors?: string | undefined;
  readonly progress: Progress;
}

/** What was converted, for people and programs; also `conversion.json` of the folder written. */
export interface Conversion {
  readonly format: string;
  readonly from: string;
  /** Weights written. */
  readonly weights: number;
  /** Declared by the model but not in the source: they start at random where the model is used. */
  readonly missing: readonly string[];
  /** In the source, but not the encoder's: heads, which hf carries on, and what no part of the model reads. */
  readonly surplus: readonly string[];
  /** Released checkpoints: whose names they have. */
  readonly layout?: string;
  /** ONNX: what goes in and comes out, `float32 [batch, sequence, 384]`. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  /** ONNX: the files of the model. */
  readonly files?: readonly string[];
}
