import { InputError, suggestion } from "@kgraft/runtime";
import { albert } from "./albert.ts";
import { bert } from "./bert.ts";
import { distilbert } from "./distilbert.ts";
import { electra } from "./electra.ts";
import type { Family } from "./family.ts";
import { roberta } from "./roberta.ts";
import { uerBert } from "./uer-bert.ts";
import { xlmRoberta } from "./xlm-roberta.ts";

/** Every family of encoders that loads, by the `model_type` of its config.json. */
export const families: ReadonlyMap<string, Family> = new Map(
  [bert, roberta, xlmRoberta, distilbert, albert, electra, uerBert].map((family) => [family.modelType, family]),
);

/**
 * Finds the family of a `model_type`.
 *
 * @param at where the name was read, for the error
 * @throws InputError `encoder.family` naming the families there are
 */
export function familyOf(modelType: string, at = "encoder.family"): Family {
  const family = families.get(modelType);
  if (family !== undefined) return family;
  const names = [...families.keys()];
  throw new InputError({
    code: "encoder.family",
    at,
    problem: `model_type is "${modelType}"`,
    wanted: `Wanted one of ${names.join(", ")}`,
    fix: suggestion(modelType, names),
  });
}
