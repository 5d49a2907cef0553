import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { bringsOwnOps, type NativeAttribute, type NativeBackend } from "../native/open-native.ts";

/** The value of an attribute: a dtype by name, or a number with the kind that TensorFlow declares for it. */
export type RawAttribute =
  | { readonly type: "float32" | "int32" | "bool" }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  /** Only in our own build of the binding. */
  | { readonly strings: readonly string[] }
  | { readonly shape: readonly number[] };

/**
 * Runs a TensorFlow op by its own name, native backend only. It has no gradient: wrap it in one.
 *
 * @param attributes by name, e.g. `{ T: { type: "float32" }, keep_dims: { bool: true } }`
 * @throws RunError `tensor.raw-op` where another backend is in use or TensorFlow refuses the call
 */
export function rawOp(
  name: string,
  attributes: Readonly<Record<string, RawAttribute>>,
  inputs: readonly tf.Tensor[],
  numOutputs = 1,
): tf.Tensor[] {
  if (tf.getBackend() !== "tensorflow")
    throw new RunError({
      code: "tensor.raw-op",
      at: `tensor.rawOp ${name}`,
      problem: `the backend in use is "${tf.getBackend()}"`,
      wanted: 'Raw TensorFlow ops run on "native" only',
    });
  const backend = tf.backend() as unknown as NativeBackend;
  const list = Object.entries(attributes).map(([key, value]) => encode(backend, key, value));
  try {
    return backend.executeMultipleOutputs(name, list, inputs, numOutputs);
  } catch (cause) {
    throw new RunError({
      code: "tensor.raw-op",
      at: `tensor.rawOp ${name}`,
      problem: `TensorFlow refuses [${inputs.map((input) => `${input.dtype} [${input.shape}]`).join(", ")}]: ${(cause as Error).message}`,
      cause,
    });
  }
}

const TYPES = { float32: "TF_FLOAT", int32: "TF_INT32", bool: "TF_BOOL" } as const;

function encode({ binding }: NativeBackend, name: string, attribute: RawAttribute): NativeAttribute {
  if ("type" in attribute) return { name, type: binding.TF_ATTR_TYPE as number, value: binding[TYPES[attribute.type]] };
  if ("int" in attribute) return { name, type: binding.TF_ATTR_INT as number, value: attribute.int };
  if ("float" in attribute) return { name, type: binding.TF_ATTR_FLOAT as number, value: attribute.float };
  if ("bool" in attribute) return { name, type: binding.TF_ATTR_BOOL as number, value: attribute.bool };
  if ("string" in attribute) return { name, type: binding.TF_ATTR_STRING as number, value: attribute.string };
  if ("strings" in attribute) return { name, type: binding.TF_ATTR_STRING as number, value: attribute.strings };
  return { name, type: binding.TF_ATTR_SHAPE as number, value: attribute.shape };
}

/** Whether the fused ops named `Kgraft…` can be called: on the native backend of our own build, on the CPU. */
export function hasFusedOps(): boolean {
  return (
    tf.getBackend() === "tensorflow" && bringsOwnOps() && !(tf.backend() as unknown as NativeBackend).isUsingGpuDevice
  );
}
