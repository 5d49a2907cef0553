import { InputError } from "@kgraft/runtime";
import type { ConfigJson } from "../config.ts";

/** The keys of config.json that name the labels of a classification head, in the order of its outputs. */
export function labelKeys(labels: readonly string[]): ConfigJson {
  return {
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}

/**
 * Reads the labels of a model's classification head, or undefined where config.json names none.
 *
 * @param at the file, for errors
 * @throws InputError `encoder.config.labels` where the ids are not 0 … N-1
 */
export function readLabels(configJson: ConfigJson, at: string): readonly string[] | undefined {
  const named = configJson.id2label;
  if (named === undefined || named === null) return undefined;
  const entries = typeof named === "object" ? Object.entries(named) : [];
  const labels = Array.from(entries, (_, id) => (named as Record<string, unknown>)[id]);
  if (labels.length > 0 && labels.every((label) => typeof label === "string")) return labels;
  throw new InputError({
    code: "encoder.config.labels",
    at,
    problem: `id2label is ${JSON.stringify(named)}`,
    wanted: 'Wanted a label for each id from 0 on, as {"0": "no", "1": "yes"}',
  });
}
