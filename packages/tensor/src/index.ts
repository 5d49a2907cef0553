export * as tf from "@tensorflow/tfjs-core";
export type { BackendName } from "./backend/candidate.ts";
export type { MatmulPrecision } from "./backend/matmul-precision.ts";
export {
  type Backend,
  type BackendOptions,
  backendName,
  backends,
  openBackend,
  type PassedOver,
} from "./backend/open-backend.ts";
export { type RawAttribute, rawOp } from "./backend/raw-op.ts";
export type * from "./contract.ts";
export { inference } from "./contract.ts";
export { type BackendDiagnosis, type Diagnosis, doctor } from "./doctor.ts";
export type { AttentionOptions, Dropout } from "./ops/index.ts";
export * as ops from "./ops/index.ts";
export { clipByGlobalNorm, type Gradients, globalNorm } from "./optimiser/clip.ts";
export type * from "./optimiser/config.ts";
export type { LayerwiseDecay, ParameterGroup } from "./optimiser/groups.ts";
export { Optimiser, type OptimiserGroups, type StepScalars } from "./optimiser/optimiser.ts";
export { type ScheduleConfig, scheduleFactor } from "./optimiser/schedule.ts";
export { Parameters } from "./parameters.ts";
export { assertPure } from "./pure-step/assert-pure.ts";
export {
  type RecordedConstant,
  type RecordedKernel,
  type RecordedTensor,
  type Recording,
  recordKernels,
} from "./pure-step/record-kernels.ts";
export { PyTorchFile } from "./pytorch/pytorch-file.ts";
export { SafetensorsFile } from "./safetensors/read.ts";
export { SafetensorsStream } from "./safetensors/stream.ts";
export { hostTensors, type TensorToWrite, writeSafetensors } from "./safetensors/write.ts";
export type { BackendSpeed } from "./speed.ts";
export { type GradientOptions, gradients, lossesOf, type StepGradients } from "./training/gradients.ts";
export { toDevice } from "./training/host-batch.ts";
export type * from "./training/options.ts";
export type { TrainingLength } from "./training/steps.ts";
export { train } from "./training/train.ts";
