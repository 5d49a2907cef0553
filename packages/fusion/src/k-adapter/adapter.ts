import type { Stream } from "@kgraft/encoder";
import { type ParameterSpec, tf } from "@kgraft/tensor";
import type { SeamInput } from "../contract.ts";
import { innerLayers } from "./inner-layers.ts";
import { linear } from "./linear.ts";
import { adapterPrefix, linearSpecs } from "./parameters.ts";

/** Sizes that all adapters of a model share. */
export interface AdapterSizes {
  /** H */
  readonly hidden: number;
  /** D, the width inside. */
  readonly inner: number;
  readonly innerLayers: number;
  readonly innerHeads: number;
  readonly dropout: number;
  /** 0: none; else which earlier output is added behind every so many side networks. */
  readonly skipLayers: number;
}

/** Side networks in a row, one for each layer that they read; they write nothing back. */
export interface Adapter {
  readonly name: string;
  readonly layers: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /**
   * Computes the output of the last side network: from `S = 0`, for each layer k, `F = H_k + S` and
   * `S = F + W_u Enc(W_d F + b_d) + b_u`, where Enc is a stack of BERT layers of width D.
   *
   * @param states  float32 [B, T, H] by layer
   * @param visible bool [B, 1|T, T], what inner attention sees
   * @returns float32 [B, T, H]
   */
  run(states: ReadonlyMap<number, tf.Tensor>, visible: tf.Tensor, at: SeamInput): tf.Tensor;
}

/**
 * Makes an adapter.
 *
 * @source Wang et al., ACL Findings 2021, section 3.1, as the official code has it: layer states and earlier output are added,
 *   not concatenated
 */
export function createAdapter(name: string, layers: readonly number[], sizes: AdapterSizes): Adapter {
  const networks = layers.map((_, index) => sideNetwork(`${adapterPrefix(name)}/adapter.${index}`, sizes));
  const { skipLayers } = sizes;
  return {
    name,
    layers,
    parameters: networks.flatMap(({ parameters }) => parameters),
    run(states, visible, at) {
      const outputs: tf.Tensor[] = [];
      let last: tf.Tensor | undefined; // S, [B, T, H]
      for (const [index, network] of networks.entries()) {
        const state = states.get(layers[index] as number) as tf.Tensor;
        last = network.run(last === undefined ? state : tf.add(state, last), visible, at);
        outputs.push(last);
        const count = index + 1;
        if (skipLayers > 0 && count % skipLayers === 0) last = tf.add(last, outputs[count / skipLayers] as tf.Tensor);
      }
      return last as tf.Tensor;
    },
  };
}

/** Down, through Transformer layers, and up again, with a residual around it all. */
interface SideNetwork {
  readonly parameters: readonly ParameterSpec[];
  run(input: tf.Tensor, visible: tf.Tensor, at: SeamInput): tf.Tensor;
}

function sideNetwork(stem: string, sizes: AdapterSizes): SideNetwork {
  const { hidden, inner, innerHeads: heads, dropout } = sizes;
  const layers = innerLayers(
    { size: inner, layers: sizes.innerLayers, heads, dropout },
    (name) => `${stem}.${name}`,
    stem,
  );
  const init = { weight: { kind: "normal", deviation: 0.0002 }, bias: { kind: "zeros" } } as const;
  return {
    parameters: [
      ...linearSpecs(`${stem}.down_project`, inner, hidden, init),
      ...layers.parameters,
      ...linearSpecs(`${stem}.up_project`, hidden, inner, init),
    ],
    run(input, visible, { weights, context }) {
      let stream: Stream = { hidden: linear(weights, `${stem}.down_project`, input), visible, side: {} }; // [B, T, D]
      for (const block of layers.blocks(weights, context)) stream = block.forward(stream);
      return tf.add(input, linear(weights, `${stem}.up_project`, stream.hidden));
    },
  };
}
