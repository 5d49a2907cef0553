import { type ParameterSpec, tf, type Weights } from "@kgraft/tensor";
import { linear } from "./linear.ts";
import type { KAdapterOptions } from "./options.ts";
import { adapterPrefix, defaultLinear, linearSpecs, prefix } from "./parameters.ts";

/** How tasks read the last hidden states and the adapters' outputs together. */
export interface Combination {
  readonly parameters: readonly ParameterSpec[];
  /**
   * @param last    last hidden states of the encoder, float32 [B, T, H]
   * @param outputs float32 [B, T, H] of each adapter, in order
   * @returns float32 [B, T, H]
   */
  combine(last: tf.Tensor, outputs: readonly tf.Tensor[], weights: Weights): tf.Tensor;
}

/** `X = H + S_1 + S_2 + …`: no parameters. */
const sum: Combination = {
  parameters: [],
  combine: (last, outputs) => outputs.reduce((total, one) => tf.add(total, one), last),
};

/**
 * `X = W_t [W_1 [H; S_1]; W_2 [H; S_2]; …]`, each with a bias and without activation; of one adapter `X = W_1 [H; S_1]`.
 *
 * @source official code: `task_dense_fac`, `task_dense_lin` and `task_dense`
 */
function concatenation(adapters: readonly string[], hidden: number, start: KAdapterOptions["start"]): Combination {
  const own = (adapter: string): string => `${adapterPrefix(adapter)}/task_dense`;
  const joint = `${prefix}/task_dense`;
  const specs = (stem: string, inputs: number): readonly ParameterSpec[] =>
    start === "random"
      ? defaultLinear(stem, hidden, inputs)
      : linearSpecs(stem, hidden, inputs, { weight: { kind: "identity" }, bias: { kind: "zeros" } });
  const several = adapters.length > 1;
  return {
    parameters: [
      ...adapters.flatMap((adapter) => specs(own(adapter), 2 * hidden)),
      ...(several ? specs(joint, adapters.length * hidden) : []),
    ],
    combine(last, outputs, weights) {
      const each = outputs.map((output, i) =>
        linear(weights, own(adapters[i] as string), tf.concat([last, output], -1)),
      );
      return several ? linear(weights, joint, tf.concat(each, -1)) : (each[0] as tf.Tensor);
    },
  };
}

/** Makes what the options say. */
export function createCombination(
  adapters: readonly string[],
  hidden: number,
  { fusion, start }: Pick<KAdapterOptions, "fusion" | "start">,
): Combination {
  return fusion === "add" ? sum : concatenation(adapters, hidden, start);
}
