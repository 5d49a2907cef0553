import * as tf from "@tensorflow/tfjs-core";
import { rawOp } from "../backend/raw-op.ts";
import type { InPlaceUpdate } from "./update-rule.ts";

const float = { type: "float32" } as const;
const int = { type: "int32" } as const;
let made = 0;

/** A TensorFlow resource variable, float32; native backend only. */
export class TensorVariable {
  readonly #handle: tf.Tensor;
  #disposed = false;

  constructor(shape: readonly number[]) {
    made++;
    const attributes = {
      container: { string: "" },
      shared_name: { string: `kgraft-${made}` },
      dtype: float,
      shape: { shape },
    };
    this.#handle = tf.keep(rawOp("VarHandleOp", attributes, [])[0] as tf.Tensor);
  }

  /** Takes a tensor's values; the two share memory until either is written. */
  assign(value: tf.Tensor): void {
    rawOp("AssignVariableOp", { dtype: float }, [this.#handle, value], 0);
  }

  /** The values as they are now. */
  read(): tf.Tensor {
    return rawOp("ReadVariableOp", { dtype: float }, [this.#handle])[0] as tf.Tensor;
  }

  /** Some rows as they are now: [K, …] for ids int32 [K]. */
  readRows(ids: tf.Tensor): tf.Tensor {
    return rawOp("ResourceGather", { dtype: float, Tindices: int }, [this.#handle, ids])[0] as tf.Tensor;
  }

  /** Writes some rows in place. */
  assignRows(ids: tf.Tensor, rows: tf.Tensor): void {
    rawOp("ResourceScatterUpdate", { dtype: float, Tindices: int }, [this.#handle, ids, rows], 0);
  }

  /** Runs an op that writes variables in place. */
  static update({ op, attributes, inputs }: InPlaceUpdate, variables: readonly TensorVariable[]): void {
    const handles = variables.map((variable) => variable.#handle);
    rawOp(op, { T: float, use_locking: { bool: false }, ...attributes }, [...handles, ...inputs], 0);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    rawOp("DestroyResourceOp", { ignore_lookup_error: { bool: true } }, [this.#handle], 0);
    this.#handle.dispose();
  }
}
