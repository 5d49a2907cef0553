import type { ConfigJson } from "@kgraft/encoder";
import { type ReleasedLayout, stems, type Tensors } from "./layout.ts";

const layer = "encoder.transformer.*";
const ours = "bert.encoder.layer.*";
const decoder = "target.mlm_linear_2.weight";
const words = "embedding.word_embedding.weight";

/**
 * UER's models, from which K-BERT's come. Of its three segment rows the first is padding's. A classifier's first layer with
 * its tanh is what BERT calls the pooler.
 *
 * @source autoliuweijie/K-BERT: `uer/`, `run_kbert_cls.py`, `run_kbert_ner.py`
 */
export const uerLayout: ReleasedLayout = {
  name: "UER's names (K-BERT)",
  modelType: "uer-bert",
  sign: /^embedding\.word_embedding\.weight$/,
  rules: [
    { official: /^embedding\.word_embedding\.weight$/, ours: "bert.embeddings.word_embeddings.weight" },
    { official: /^embedding\.position_embedding\.weight$/, ours: "bert.embeddings.position_embeddings.weight" },
    {
      official: /^embedding\.segment_embedding\.weight$/,
      ours: "bert.embeddings.token_type_embeddings.weight",
      rows: [1, 3],
    },
    ...stems({
      "embedding.layer_norm": "bert.embeddings.LayerNorm",
      [`${layer}.self_attn.linear_layers.0`]: `${ours}.attention.self.query`,
      [`${layer}.self_attn.linear_layers.1`]: `${ours}.attention.self.key`,
      [`${layer}.self_attn.linear_layers.2`]: `${ours}.attention.self.value`,
      [`${layer}.self_attn.final_linear`]: `${ours}.attention.output.dense`,
      [`${layer}.layer_norm_1`]: `${ours}.attention.output.LayerNorm`,
      [`${layer}.feed_forward.linear_1`]: `${ours}.intermediate.dense`,
      [`${layer}.feed_forward.linear_2`]: `${ours}.output.dense`,
      [`${layer}.layer_norm_2`]: `${ours}.output.LayerNorm`,
      output_layer_1: "bert.pooler.dense",
      output_layer_2: "classifier",
      output_layer: "classifier",
      "target.nsp_linear_1": "bert.pooler.dense",
      "target.nsp_linear_2": "cls.seq_relationship",
      "target.mlm_linear_1": "cls.predictions.transform.dense",
      "target.layer_norm": "cls.predictions.transform.LayerNorm",
      "target.mlm_linear_2": "cls.predictions.decoder",
    }),
  ],
  leftOut: async (tensors) => {
    const isTied = await sameNumbers(tensors);
    const classifies = tensors.has("output_layer_1.weight");
    return (name) =>
      (!isTied && /^target\.(mlm_|layer_norm)/.test(name)) || (classifies && name.startsWith("target.nsp_"));
  },
  headKeys,
};

/** UER does not tie the decoder to the word table; where they went apart, the masked-LM head is another than BERT's. */
async function sameNumbers(tensors: Tensors): Promise<boolean> {
  const [a, b] = [await tensors.get(decoder)?.read(), await tensors.get(words)?.read()];
  return a === undefined || b === undefined || a.data.every((value, i) => Object.is(value, b.data[i]));
}

function headKeys(tensors: Tensors): ConfigJson {
  const [classes] = tensors.get("output_layer_2.weight")?.shape ?? [];
  const [tags] = tensors.get("output_layer.weight")?.shape ?? [];
  const labels = classes ?? tags;
  if (labels === undefined) return {};
  return {
    architectures: [classes === undefined ? "BertForTokenClassification" : "BertForSequenceClassification"],
    id2label: Object.fromEntries(Array.from({ length: labels }, (_, id) => [id, `LABEL_${id}`])),
  };
}
