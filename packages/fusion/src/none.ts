import { z } from "zod";
import { defineFusion } from "./define-fusion.ts";

/** No fusion: plain BERT, the baseline of every comparison. */
export const none = defineFusion({
  name: "none",
  summary: "Plain encoder without knowledge: the baseline.",
  options: z.strictObject({}),
  needs: [],
  accepts: ["text", "triple"],
  claims: [],
  neutral: {},
  create: () => ({}),
});
