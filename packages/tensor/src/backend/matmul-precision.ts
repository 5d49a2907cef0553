import { InputError } from "@kgraft/runtime";
import { processorExtensions } from "./processor.ts";

/**
 * In what numbers the factors of matrix products are multiplied; they are added up, and all else is computed, in float32.
 * bfloat16 has float32's range and three digits.
 */
export type MatmulPrecision = "float32" | "bfloat16";

const BFLOAT16 = ["avx512_bf16", "amx_bf16"];

/** Fixed when TensorFlow starts, for the life of the process. */
let chosen: MatmulPrecision | undefined;

/**
 * Tells TensorFlow, before it starts, in what numbers to multiply.
 *
 * @throws InputError `tensor.backend.precision` where the processor has no such products, or TensorFlow started otherwise
 */
export async function prepareMatmul(precision: MatmulPrecision): Promise<void> {
  if (chosen === precision) return;
  if (chosen !== undefined)
    throw refusal(`TensorFlow multiplies in ${chosen} in this process already`, "Open it in another process");
  if (precision === "bfloat16") {
    const extensions = await processorExtensions();
    if (!BFLOAT16.some((extension) => extensions.includes(extension)))
      throw refusal(
        `this processor has no bfloat16 products (${BFLOAT16.join(" or ")})`,
        "Leave it at float32, which is as fast here",
      );
    process.env.TF_SET_ONEDNN_FPMATH_MODE = "BF16";
  }
  chosen = precision;
}

/** TensorFlow starts now: where nothing was chosen, float32 it is. */
export function noteStart(): void {
  chosen ??= "float32";
}

/** The error `tensor.backend.precision` for a backend that has float32 only. */
export function refuseMatmul(backend: string): InputError {
  return refusal(`the backend "${backend}" multiplies in float32 only`, 'Take "native", or leave it at float32');
}

function refusal(problem: string, fix: string): InputError {
  return new InputError({ code: "tensor.backend.precision", at: "tensor.openBackend matmul", problem, fix });
}
