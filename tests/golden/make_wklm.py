"""Makes the numbers that WKLM's head is compared against, with the golden BERT and RoBERTa below it.

    python tests/golden/make_wklm.py     # after make_goldens.py

An independent computation of the equations, mention by mention in float64, with `transformers`' own encoder and
masked-LM transform: z = W [Y[s-1]; Y[e+1]] + b (or W Y[s] + b), the mean cross-entropy of (replaced, original) plus the
mean cross-entropy of masked pieces. Mentions begin behind the first special token, end before the last, stand side by side
and overlap with nothing; one is a single piece.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from make_goldens import host, made_by
from safetensors.torch import save_file
from transformers import AutoModelForMaskedLM

HERE = Path(__file__).parent
LENGTH = 9
LENGTHS = (9, 7)
MENTIONS = ((0, 1, 2), (0, 4, 4), (0, 5, 7), (1, 2, 3), (1, 5, 5))  # row, first piece, last piece
LABELS = (1, 0, 1, 0, 0)
MASKED = ((0, 3, 17), (1, 1, 60), (1, 4, 33))  # row, piece, true id
GRADIENTS = ("transform.dense.weight", "lm_head.dense.weight", "transform.LayerNorm.bias", "lm_head.layer_norm.bias",
             "embeddings.word_embeddings.weight", "layer.1.output.dense.weight", "predictions.bias", "lm_head.bias")


def transformed(model, states):
    """Y: what the masked-LM head makes of the last states before the decoder."""
    if hasattr(model, "cls"):
        return model.cls.predictions.transform(states)
    head = model.lm_head
    return head.layer_norm(F.gelu(head.dense(states)))


def make(family, seed):
    torch.manual_seed(seed)
    model = AutoModelForMaskedLM.from_pretrained(HERE / family, attn_implementation="eager").eval().double()
    pad = model.config.pad_token_id
    ids = torch.randint(5, 99, (2, LENGTH))
    mask = torch.tensor([[1] * n + [0] * (LENGTH - n) for n in LENGTHS])
    ids = torch.where(mask == 1, ids, pad)
    out = {"input_ids": ids, "attention_mask": mask, "mentions": torch.tensor(MENTIONS), "labels": torch.tensor(LABELS),
           "masked": torch.tensor(MASKED)}
    for name, read in (("boundary", (-1, 1)), ("first-piece", (0,))):
        kernel = (0.3 * torch.randn(2, 32 * len(read))).float().double().requires_grad_()
        bias = (0.3 * torch.randn(2)).float().double().requires_grad_()
        model.zero_grad()
        states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
        y = transformed(model, states)
        logits = []
        for row, first, last in MENTIONS:
            around = [y[row, first - 1], y[row, last + 1]] if name == "boundary" else [y[row, first]]
            logits.append(kernel @ torch.cat(around) + bias)
        logits = torch.stack(logits)
        entity = F.cross_entropy(logits, torch.tensor(LABELS))
        rows, pieces, truth = torch.tensor(MASKED).T
        words = model.base_model.embeddings.word_embeddings.weight
        word_bias = model.cls.predictions.bias if hasattr(model, "cls") else model.lm_head.bias
        masked = F.cross_entropy(y[rows, pieces] @ words.T + word_bias, truth)
        (entity + masked).backward()
        found = {"kernel": kernel, "bias": bias, "entity": entity, "masked": masked,
                 "gradient.kernel": kernel.grad, "gradient.bias": bias.grad}
        for parameter, value in model.named_parameters():
            if parameter.endswith(GRADIENTS):
                found[f"gradient.{parameter}"] = value.grad
        out |= {f"{name}/{key}": value for key, value in found.items()}
    (HERE / "wklm").mkdir(exist_ok=True)
    arrays = {key if "/" in key else f"input/{key}": host(value) for key, value in out.items()}
    save_file(arrays, HERE / "wklm" / f"{family}.safetensors", metadata={"made-by": made_by()})
    print(family, len(arrays), "arrays")


if __name__ == "__main__":
    for number, family in enumerate(("bert", "roberta")):
        make(family, 4000 + number)
