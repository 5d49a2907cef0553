import { bertSettings } from "./bert.ts";
import type { Family } from "./family.ts";
import { roberta, robertaHeads } from "./roberta.ts";

/** @source Conneau et al., ACL 2020; RoBERTa under another name and with another vocabulary */
export const xlmRoberta: Family = {
  ...roberta,
  modelType: "xlm-roberta",
  architecture: "XLMRobertaModel",
  settings: { ...bertSettings, padTokenId: { key: "pad_token_id", default: 1 } },
  maskedLanguageModel: { ...roberta.maskedLanguageModel, architecture: "XLMRobertaForMaskedLM" },
  heads: robertaHeads("XLMRoberta"),
};
