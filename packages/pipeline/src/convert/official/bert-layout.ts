import type { ConfigJson } from "@kgraft/encoder";
import type { ReleasedLayout, ReleasedStrategy, Tensors } from "./layout.ts";

const fusedLayer = /^bert\.encoder\.layer\.(\d+)\.intermediate\.dense_ent\.weight$/;
const entityAttention = (layer: number) => `bert.encoder.layer.${layer}.attention.self_ent.query.weight`;

/**
 * Checkpoints with the names of Hugging Face's BERT, old spellings too: ERNIE-THU's releases (with its own tensors beside) and
 * what KG-BERT's scripts save.
 *
 * @source thunlp/ERNIE: `knowledge_bert/modeling.py`; yao8839836/kg-bert: `BertForSequenceClassification`
 */
export const bertLayout: ReleasedLayout = {
  name: "BERT's names (ERNIE-THU, KG-BERT)",
  modelType: "bert",
  sign: /^(module\.)?bert\.embeddings\.word_embeddings\.weight$/,
  rules: [
    { official: /^(?:module\.)?typing\.weight$/, ours: "classifier.weight" },
    { official: /^(?:module\.)?((?:bert|cls)\..*|classifier\.(?:weight|bias))$/, ours: "$1" },
  ],
  strategy: ernieThu,
  headKeys(tensors) {
    const head = tensors.get("classifier.weight") ?? tensors.get("typing.weight");
    if (head === undefined) return {};
    const [labels = 0] = head.shape;
    const numbered = Array.from({ length: labels }, (_, id) => `LABEL_${id}`);
    return {
      architectures: ["BertForSequenceClassification"],
      id2label: Object.fromEntries(numbered.map((label, id) => [id, label])),
      label2id: Object.fromEntries(numbered.map((label, id) => [label, id])),
    };
  },
};

/** ERNIE-THU where there are its fused layers: which they are follows from the names, as `layer_types` says it too. */
function ernieThu(tensors: Tensors, { layer_types: stated }: ConfigJson): ReleasedStrategy | undefined {
  const fused = [...tensors.keys()].flatMap((name) => fusedLayer.exec(name)?.[1] ?? []).map(Number);
  if (fused.length === 0) return undefined;
  const layerTypes = Array.from({ length: Math.max(...fused) + 1 }, (_, layer) => {
    if (!fused.includes(layer)) return "sim";
    return tensors.has(entityAttention(layer)) ? "norm" : "mix";
  });
  const [, vectorLength = 0] = tensors.get(`bert.encoder.layer.${fused[0]}.intermediate.dense_ent.weight`)?.shape ?? [];
  return {
    name: "ernie-thu",
    // The release's vectors go in as they are.
    options: { layerTypes: Array.isArray(stated) ? stated : layerTypes, vectorNorm: "as-given" },
    vectorLength,
  };
}
