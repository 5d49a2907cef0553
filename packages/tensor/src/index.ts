export * as tf from "@tensorflow/tfjs-core";
export type * from "./contract.ts";
export { inference } from "./contract.ts";
export { Parameters } from "./parameters.ts";
