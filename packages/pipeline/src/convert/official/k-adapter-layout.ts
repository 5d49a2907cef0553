import type { ReleasedLayout, ReleasedStrategy, Tensors } from "./layout.ts";

/** How the release names an adapter, and ours. */
const adapters: Readonly<Record<string, string>> = { fac: "factual", lin: "linguistic" };

/**
 * K-Adapter's fine-tuned models: RoBERTa in `pytorch_pretrained_model.bin`, adapters and their combination in `pytorch_model.bin`.
 *
 * @source microsoft/k-adapter: `fac-adapter.py`, `run_finetune_*_adapter.py`
 */
export const kAdapterLayout: ReleasedLayout = {
  name: "K-Adapter's names",
  modelType: "roberta",
  sign: /^(fac|lin)_adapter\.adapter\.0\.down_project\.weight$/,
  rules: [{ official: /^(?:module\.)?model\.((?:embeddings|encoder|pooler)\..*)$/, ours: "roberta.$1" }],
  strategy: (tensors): ReleasedStrategy => {
    const there = Object.keys(adapters).filter((short) =>
      tensors.has(`${short}_adapter.adapter.0.down_project.weight`),
    );
    return {
      name: "k-adapter",
      options: {
        adapters: Object.fromEntries(there.map((short) => [adapters[short], {}])),
        ...innerSizes(tensors, `${there[0]}_adapter.`),
        fusion: tensors.has("task_dense.weight") || tensors.has(`task_dense_${there[0]}.weight`) ? "concat" : "add",
        attendPadding: true, // as the official code
      },
    };
  },
};

/** Where an adapter alone is released: `fac-adapter/pytorch_model.bin`. */
export const adapterAlone = /^adapter\.\d+\.(down_project|up_project|encoder)\./;

/** The widths that an adapter's own tensors tell. */
function innerSizes(tensors: Tensors, prefix: string): Readonly<Record<string, number>> {
  const [innerSize = 0] = tensors.get(`${prefix}adapter.0.down_project.weight`)?.shape ?? [];
  const layer = new RegExp(`^${prefix.replace(".", "\\.")}adapter\\.0\\.encoder\\.layer\\.(\\d+)\\.`);
  const layers = new Set([...tensors.keys()].flatMap((name) => layer.exec(name)?.[1] ?? []));
  return { innerSize, innerLayers: layers.size };
}
