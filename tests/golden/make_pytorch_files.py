"""Makes small files as torch.save writes them, for the tests of the reader of PyTorch's weights.

    python tests/golden/make_pytorch_files.py     # needs torch, see requirements.txt

archive.bin: the zip layout since 1.6. sequence.bin: the layout before. Both hold the same tensors: every type that is read,
views that share a storage, a transposed one, a parameter, an empty one. code.bin would run a command in Python, namespace.bin
holds an object beside weights: both must be refused.

releases/: checkpoints with the names and files of the papers' releases and scripts, sizes apart; every tensor is random. Those
of before 2020 have the older layout.
"""

import argparse
import json
import os
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent / "pytorch"


class Command:
    def __reduce__(self):
        return (os.system, ("echo ran > ran.txt",))


def state():
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
    return OrderedDict(
        [
            ("embeddings.word_embeddings.weight", base),
            ("decoder.weight", base),
            ("rows", base[1:]),
            ("transposed", base.t()),
            ("column", base[:, 2]),
            ("scalar", torch.tensor(2.5)),
            ("empty", torch.zeros(0, 4)),
            ("half", torch.tensor([1.5, -0.25, 65504.0], dtype=torch.float16)),
            ("brain", torch.tensor([1.5, -0.25, 3.0], dtype=torch.bfloat16)),
            ("long", torch.tensor([[1, -2], [2**31 - 1, -(2**31)]])),
            ("int", torch.tensor([7, -7], dtype=torch.int32)),
            ("byte", torch.tensor([0, 255], dtype=torch.uint8)),
            ("bool", torch.tensor([True, False])),
            ("parameter", torch.nn.Parameter(torch.tensor([0.5]))),
            ("double", torch.tensor([1.0], dtype=torch.float64)),
            ("large", torch.tensor([2**40])),
        ]
    )


H, I, V, P, L, E, D, LABELS = 12, 10, 40, 16, 2, 8, 12, 3
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghi")]


def linear(tensors, name, out, size, bias=True):
    tensors[f"{name}.weight"] = torch.randn(out, size)
    if bias:
        tensors[f"{name}.bias"] = torch.randn(out)


def norm(tensors, name, size, weight="weight", bias="bias"):
    tensors[f"{name}.{weight}"] = 1 + torch.randn(size) / 10
    tensors[f"{name}.{bias}"] = torch.randn(size) / 10


def bert_layer(tensors, layer, hidden, inner):
    for part in ("query", "key", "value"):
        linear(tensors, f"{layer}.attention.self.{part}", hidden, hidden)
    linear(tensors, f"{layer}.attention.output.dense", hidden, hidden)
    norm(tensors, f"{layer}.attention.output.LayerNorm", hidden)
    linear(tensors, f"{layer}.intermediate.dense", inner, hidden)
    linear(tensors, f"{layer}.output.dense", hidden, inner)
    norm(tensors, f"{layer}.output.LayerNorm", hidden)


def bert(prefix="bert.", types=2, positions=P):
    tensors = OrderedDict()
    tensors[f"{prefix}embeddings.word_embeddings.weight"] = torch.randn(V, H)
    tensors[f"{prefix}embeddings.position_embeddings.weight"] = torch.randn(positions, H)
    tensors[f"{prefix}embeddings.token_type_embeddings.weight"] = torch.randn(types, H)
    norm(tensors, f"{prefix}embeddings.LayerNorm", H)
    for i in range(L):
        bert_layer(tensors, f"{prefix}encoder.layer.{i}", H, I)
    linear(tensors, f"{prefix}pooler.dense", H, H)
    return tensors


def ernie_thu():
    """thunlp/ERNIE: one `sim` layer would be all below; here layer 0 is `mix` and layer 1 `norm`."""
    tensors = bert()
    for i, kind in enumerate(("mix", "norm")):
        layer = f"bert.encoder.layer.{i}"
        if kind == "norm":
            for part in ("query", "key", "value"):
                linear(tensors, f"{layer}.attention.self_ent.{part}", E, E)
            linear(tensors, f"{layer}.attention.output_ent.dense", E, E)
            norm(tensors, f"{layer}.attention.output_ent.LayerNorm", E)
        linear(tensors, f"{layer}.intermediate.dense_ent", I, E)
        linear(tensors, f"{layer}.output.dense_ent", E, I)
        norm(tensors, f"{layer}.output.LayerNorm_ent", E)
    tensors["cls.predictions.bias"] = torch.randn(V)
    linear(tensors, "cls.predictions.transform.dense", H, H)
    norm(tensors, "cls.predictions.transform.LayerNorm", H, "gamma", "beta")
    tensors["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"]
    linear(tensors, "cls.predictions_ent.transform.dense", E, H)
    norm(tensors, "cls.predictions_ent.transform.LayerNorm", E, "gamma", "beta")
    linear(tensors, "cls.seq_relationship", 2, H)
    return tensors


def uer(classifier):
    tensors = OrderedDict()
    tensors["embedding.word_embedding.weight"] = torch.randn(V, H)
    tensors["embedding.position_embedding.weight"] = torch.randn(P, H)
    tensors["embedding.segment_embedding.weight"] = torch.randn(3, H)
    norm(tensors, "embedding.layer_norm", H, "gamma", "beta")
    for i in range(L):
        layer = f"encoder.transformer.{i}"
        for part in range(3):
            linear(tensors, f"{layer}.self_attn.linear_layers.{part}", H, H)
        linear(tensors, f"{layer}.self_attn.final_linear", H, H)
        norm(tensors, f"{layer}.layer_norm_1", H, "gamma", "beta")
        linear(tensors, f"{layer}.feed_forward.linear_1", I, H)
        linear(tensors, f"{layer}.feed_forward.linear_2", H, I)
        norm(tensors, f"{layer}.layer_norm_2", H, "gamma", "beta")
    if classifier:
        linear(tensors, "output_layer_1", H, H)
        linear(tensors, "output_layer_2", LABELS, H)
        return tensors
    linear(tensors, "target.mlm_linear_1", H, H)
    norm(tensors, "target.layer_norm", H, "gamma", "beta")
    linear(tensors, "target.mlm_linear_2", V, H)
    tensors["target.mlm_linear_2.weight"] = tensors["embedding.word_embedding.weight"].clone()
    linear(tensors, "target.nsp_linear_1", H, H)
    linear(tensors, "target.nsp_linear_2", 2, H)
    return tensors


def kg_bert():
    tensors = bert()
    linear(tensors, "classifier", 2, H)
    return tensors


def adapter(prefix=""):
    tensors = OrderedDict()
    for i in range(3):
        stem = f"{prefix}adapter.{i}"
        linear(tensors, f"{stem}.down_project", D, H)
        for j in range(2):
            bert_layer(tensors, f"{stem}.encoder.layer.{j}", D, 4 * D)
        linear(tensors, f"{stem}.up_project", H, D)
    return tensors


def fac_adapter():
    tensors = adapter()
    linear(tensors, "com_dense", H, 2 * H)
    linear(tensors, "dense", H, 2 * H)
    linear(tensors, "out_proj", 5, H)
    return tensors


def k_adapter():
    tensors = OrderedDict(**adapter("fac_adapter."), **adapter("lin_adapter."))
    for name in ("task_dense_lin", "task_dense_fac", "task_dense"):
        linear(tensors, name, H, 2 * H)
    linear(tensors, "dense", H, 2 * H)
    linear(tensors, "out_proj", LABELS, H)
    return tensors


BERT_CONFIG = dict(hidden_size=H, num_hidden_layers=L, num_attention_heads=2, intermediate_size=I, hidden_act="gelu", vocab_size=V)
RELEASES = {
    "ernie-thu/pytorch_model.bin": (ernie_thu, False),
    "k-bert/google_model.bin": (lambda: uer(False), False),
    "k-bert-classifier/class_model.bin": (lambda: uer(True), True),
    "kg-bert/pytorch_model.bin": (kg_bert, False),
    "fac-adapter/pytorch_model.bin": (fac_adapter, True),
    "k-adapter/pytorch_model.bin": (k_adapter, True),
    "k-adapter/pytorch_pretrained_model.bin": (lambda: bert("model.", types=1, positions=P + 2), True),
}
UER_CONFIG = dict(emb_size=H, hidden_size=H, feedforward_size=I, heads_num=2, layers_num=L, dropout=0.1)
CONFIGS = {
    "ernie-thu/ernie_config.json": dict(BERT_CONFIG, layer_types=["mix", "norm"]),
    "k-bert/google_config.json": UER_CONFIG,
    "k-bert-classifier/google_config.json": UER_CONFIG,
    "kg-bert/config.json": BERT_CONFIG,
    "k-adapter/config.json": dict(num_attention_heads=2),
}


def make_releases():
    torch.manual_seed(11)
    for path, (make, is_archive) in RELEASES.items():
        file = HERE / "releases" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(make(), file, _use_new_zipfile_serialization=is_archive)
        if file.parent.name != "fac-adapter":
            (file.parent / "vocab.txt").write_text("".join(f"{piece}\n" for piece in VOCABULARY))
    for path, config in CONFIGS.items():
        (HERE / "releases" / path).write_text(json.dumps(config) + "\n")


def main():
    HERE.mkdir(exist_ok=True)
    weights = state()
    weights._metadata = OrderedDict([("", {"version": 1})])
    torch.save(weights, HERE / "archive.bin")
    torch.save(weights, HERE / "sequence.bin", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "lr": 0.1, "names": ("a", ["b"]), "state_dict": weights}, HERE / "nested.bin")
    for name, thing in (("code", Command()), ("namespace", argparse.Namespace(lr=0.1))):
        torch.save({"weight": torch.zeros(1), "extra": thing}, HERE / f"{name}.bin")
    make_releases()


if __name__ == "__main__":
    main()
