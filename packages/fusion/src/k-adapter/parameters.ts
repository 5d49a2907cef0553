import type { Initializer, ParameterSpec } from "@kgraft/tensor";

/** Prefix of everything that belongs to the strategy. */
export const prefix = "fusion/k-adapter";

/** Prefix of an adapter's parameters. */
export const adapterPrefix = (adapter: string): string => `${prefix}/${adapter}`;

/** What PyTorch draws for a linear layer that nobody initialises: weight and bias from U(-1/√in, 1/√in). */
export function defaultLinear(stem: string, outputs: number, inputs: number): readonly ParameterSpec[] {
  const init: Initializer = { kind: "uniform", limit: 1 / Math.sqrt(inputs) };
  return linearSpecs(stem, outputs, inputs, { weight: init, bias: init });
}

/** Declares a linear layer `[out, in]` with its bias. */
export function linearSpecs(
  stem: string,
  outputs: number,
  inputs: number,
  init: { readonly weight: Initializer; readonly bias: Initializer },
): readonly ParameterSpec[] {
  return [
    { name: `${stem}.weight`, shape: [outputs, inputs], init: init.weight, role: "weight" },
    { name: `${stem}.bias`, shape: [outputs], init: init.bias, role: "bias" },
  ];
}
