export * as tf from "@tensorflow/tfjs-core";
export type * from "./contract.ts";
export { inference } from "./contract.ts";
export { Parameters } from "./parameters.ts";
export { SafetensorsFile } from "./safetensors/read.ts";
export { SafetensorsStream } from "./safetensors/stream.ts";
export { hostTensors, type TensorToWrite, writeSafetensors } from "./safetensors/write.ts";
