import * as tf from "@tensorflow/tfjs-core";
import { elementwiseGradients } from "./elementwise-gradients.ts";
import { structuralGradients } from "./structural-gradients.ts";

/**
 * Registers the derivatives of the kernels for every backend, in place of any that are there.
 *
 * TensorFlow.js keeps its own where Node cannot import them (modules without file endings, outside its bundle); ours
 * also hold where a backend lacks a kernel (wasm has no UnsortedSegmentSum, so its `gather` could not be trained).
 */
export function registerGradients(): void {
  for (const rule of [...elementwiseGradients, ...structuralGradients]) {
    if (tf.getGradient(rule.kernelName) !== undefined) tf.unregisterGradient(rule.kernelName);
    tf.registerGradient(rule);
  }
}
