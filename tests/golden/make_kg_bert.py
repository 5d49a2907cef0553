"""Makes the pieces and numbers that KG-BERT is compared against, with the golden BERT below it.

    python tests/golden/make_kg_bert.py     # after make_goldens.py

An independent computation: texts are single letters, which the tiny tokenizer keeps whole ("a" has id 5); parts are cut
one piece at a time by the rule of the official scripts, framed as [CLS] h [SEP] r [SEP] t [SEP] with types 0 1 0 (or
[CLS] h [SEP] t [SEP] with 0 1), padded to the full length, and read by `transformers`' BertForSequenceClassification in float64.
"""

import json
from pathlib import Path

import torch
from make_goldens import host, made_by
from safetensors.torch import save_file
from transformers import BertForSequenceClassification

HERE = Path(__file__).parent
CLS, SEP, FIRST = 2, 3, 5
# pieces of head, relation and tail (or head and tail), and the length limit
CASES = [
    ((2, 1, 3), 20), ((5, 5, 5), 15), ((20, 10, 20), 30), ((9, 2, 3), 13), ((2, 9, 3), 13), ((2, 3, 9), 13), ((9, 2, 9), 15),
    ((9, 9, 2), 16), ((6, 6, 2), 15), ((1, 1, 1), 7), ((7, 3), 9), ((3, 7), 9), ((6, 6), 9), ((2, 2), 9),
]
LABELS = (1, 0, 1, 1, 0)
BATCH = (0, 1, 3, 4, 6)
LENGTH = 20
GRADIENTS = ("word_embeddings.weight", "token_type_embeddings.weight", "layer.0.attention.self.key.weight",
             "layer.1.output.dense.weight", "pooler.dense.weight", "pooler.dense.bias")


def cut(parts, room):
    """The official scripts' rule: a part that is strictly the longest loses its last piece, in every tie the last part."""
    parts = [list(part) for part in parts]
    while sum(map(len, parts)) > room:
        lengths = [len(part) for part in parts]
        longest = [i for i, n in enumerate(lengths) if all(n > m for j, m in enumerate(lengths) if j != i)]
        loser = longest[0] if longest else len(parts) - 1
        if lengths[loser] <= 1:
            return None
        parts[loser].pop()
    return parts


def features(lengths, limit):
    parts = [[FIRST + (7 * k + i) % 26 for i in range(n)] for k, n in enumerate(lengths)]
    texts = [" ".join(chr(97 + id - FIRST) for id in part) for part in parts]
    kept = cut(parts, limit - len(parts) - 1)
    found = {"texts": texts, "limit": limit}
    if kept is None:
        return {**found, "ids": None, "types": None}
    ids, types = [CLS], [0]
    for part, kind in zip(kept, (0, 1, 0) if len(kept) == 3 else (0, 1)):
        ids += [*part, SEP]
        types += [kind] * (len(part) + 1)
    return {**found, "ids": ids, "types": types}


def padded(rows, key):
    return torch.tensor([row[key] + [0] * (LENGTH - len(row[key])) for row in rows])


if __name__ == "__main__":
    cases = [features(*case) for case in CASES]
    folder = HERE / "kg-bert"
    folder.mkdir(exist_ok=True)
    (folder / "cases.json").write_text(json.dumps({"cases": cases, "batch": BATCH, "labels": LABELS}, separators=(",", ":")) + "\n")
    torch.manual_seed(5000)
    model = BertForSequenceClassification.from_pretrained(HERE / "bert", num_labels=2, attn_implementation="eager").eval()
    with torch.no_grad():
        model.classifier.weight.normal_(0, 0.3)
        model.classifier.bias.normal_(0, 0.3)
    model.double()
    rows = [cases[i] for i in BATCH]
    ids = padded(rows, "ids")
    mask = (ids != 0).long()
    outputs = model(input_ids=ids, attention_mask=mask, token_type_ids=padded(rows, "types"), labels=torch.tensor(LABELS))
    outputs.loss.backward()
    out = {"logits": outputs.logits, "loss": outputs.loss}
    out |= {f"weight.{name}": value for name, value in model.classifier.named_parameters()}
    out |= {f"gradient.classifier.{name}": value.grad for name, value in model.classifier.named_parameters()}
    for name, value in model.bert.named_parameters():
        if name.endswith(GRADIENTS):
            out[f"gradient.bert.{name}"] = value.grad
    arrays = {f"kg-bert/{key}": host(value) for key, value in out.items()}
    save_file(arrays, folder / "expected.safetensors", metadata={"made-by": made_by()})
    print(len(cases), "cases,", len(arrays), "arrays")
