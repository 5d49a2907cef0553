import { maskedLanguageModelHead } from "@kgraft/encoder";
import { batchArrays } from "@kgraft/fusion";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../../contract.ts";
import { pieceLoss, pieceTargets } from "./masked-pieces.ts";

const options = z.strictObject({});

/** Causal language modelling: each piece sees what stands before it and predicts the next; the head is the masked-LM head's. */
export const causalLm: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "causal-lm",
  summary: "Left-to-right language modelling: every piece predicts the next, and sees only what stands before it.",
  paper: {
    title: "Improving Language Understanding by Generative Pre-Training",
    authors: "Radford, Narasimhan, Salimans and Sutskever",
    venue: "2018",
  },
  options,
  create(_, { encoder }) {
    const head = maskedLanguageModelHead(encoder.config);
    return {
      name: causalLm.name,
      lossNames: [causalLm.name],
      causal: true,
      parameters: head.parameters,
      corrupt: (batch) => ({ ...nextPieces(batch), ...triangle(batch) }),
      losses: (hidden, __, at) => ({ [causalLm.name]: pieceLoss(causalLm.name, head, hidden, at) }),
    };
  },
};

/** Every piece but the last of its row predicts the one behind it. */
function nextPieces({ examples, shape: { rows, length } }: ObjectiveBatch) {
  const pieces = examples.flatMap(({ encoding }, row) =>
    Array.from(encoding.ids.subarray(1), (label, piece) => ({ place: row * length + piece, label })),
  );
  return pieceTargets(causalLm.name, pieces, rows * Math.max(1, length - 1));
}

/** @returns `visible` bool [B, T, T], true where the key does not stand behind the query */
function triangle({ shape: { rows, length } }: ObjectiveBatch) {
  const data = new Uint8Array(rows * length * length);
  for (let at = 0; at < data.length; at++) data[at] = at % length <= Math.floor(at / length) % length ? 1 : 0;
  return { [batchArrays.visible]: { dtype: "bool" as const, shape: [rows, length, length], data } };
}
