import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { rawOp } from "../backend/raw-op.ts";
import { registerMaskKernels, STATELESS_MASK } from "./stateless-mask-kernel.ts";

/**
 * Draws a dropout mask: a pure function of seed, shape and element, the same in every call.
 *
 * Backends draw different masks: TensorFlow's Philox on native, a hash elsewhere.
 *
 * @param seed int32 [2]
 * @param rate the share of zeros, in [0, 1)
 * @returns float32 of that shape: 0, or 1 / (1 - rate)
 */
export function statelessMask(shape: readonly number[], rate: number, seed: tf.Tensor): tf.Tensor {
  const backend = tf.getBackend();
  if (backend === "tensorflow") return tf.tidy(() => maskFrom(nativeUniform(shape, seed), rate));
  if (backend === "webgpu") return tf.tidy(() => maskFrom(hashedUniform(shape, seed), rate));
  registerMaskKernels();
  return tf.engine().runKernel(STATELESS_MASK, { seed }, { shape: [...shape], rate }) as tf.Tensor;
}

function maskFrom(uniform: tf.Tensor, rate: number): tf.Tensor {
  return tf.mul(tf.cast(tf.greaterEqual(uniform, rate), "float32"), 1 / (1 - rate));
}

function nativeUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  const attributes = { dtype: { type: "float32" }, T: { type: "int32" }, Tseed: { type: "int32" } } as const;
  return rawOp("StatelessRandomUniform", attributes, [tf.tensor1d([...shape], "int32"), seed])[0] as tf.Tensor;
}

/**
 * Uniform numbers in [0, 1) by tensor ops alone, for a backend whose memory is not at hand: add a key word, apply the
 * permutation x (2x + 1) modulo 2^32, add the high half to the low; eight times.
 *
 * @source the permutation: Rivest et al., 1998, "The RC6 Block Cipher", §2
 */
export function hashedUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  const words = tf.unstack(seed) as [tf.Scalar, tf.Scalar];
  const [one, two, half] = [1, 2, 0x10000].map((value) => tf.scalar(value, "int32")) as [
    tf.Scalar,
    tf.Scalar,
    tf.Scalar,
  ];
  let bits: tf.Tensor = tf.range(0, tf.util.sizeFromShape([...shape]), 1, "int32");
  for (let round = 0; round < 8; round++) {
    const keyed = tf.add(bits, words[round % 2] as tf.Scalar);
    const mixed = tf.mul(keyed, tf.add(tf.mul(keyed, two), one));
    bits = tf.add(mixed, tf.floorDiv(mixed, half));
  }
  const high = tf.floorDiv(bits, tf.scalar(0x100, "int32")); // in [-2^23, 2^23)
  return tf.reshape(tf.add(tf.mul(tf.cast(high, "float32"), 2 ** -24), 0.5), [...shape]);
}

/**
 * Derives the seed of one place in the model from the key of the step.
 *
 * @param key int32 [2], new in every step
 * @returns int32 [2]
 * @throws RunError `tensor.dropout.key` where the context is in training and has no key
 */
export function siteSeed(key: tf.Tensor | undefined, site: string): tf.Tensor {
  if (key === undefined)
    throw new RunError({
      code: "tensor.dropout.key",
      at: `tensor.dropout ${site}`,
      problem: "the context is in training and has no key",
      wanted: "Wanted context.key, int32 [2], new in every step",
    });
  return tf.tidy(() => tf.add(key, tf.tensor1d(siteWords(site), "int32")));
}

/** Two words from a name, FNV-1a forwards and backwards: constant for a place, so that steps can be recorded. */
function siteWords(site: string): [number, number] {
  let forward = 0x811c9dc5;
  let backward = 0x2c1b3c6d;
  for (let i = 0; i < site.length; i++) {
    forward = Math.imul(forward ^ site.charCodeAt(i), 0x01000193);
    backward = Math.imul(backward ^ site.charCodeAt(site.length - 1 - i), 0x01000193);
  }
  return [forward, backward];
}
