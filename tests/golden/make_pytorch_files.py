"""Makes small files as torch.save writes them, for the tests of the reader of PyTorch's weights.

    python tests/golden/make_pytorch_files.py     # needs torch, see requirements.txt

archive.bin: the zip layout since 1.6. sequence.bin: the layout before. Both hold the same tensors: every type that is read,
views that share a storage, a transposed one, a parameter, an empty one. code.bin would run a command in Python, namespace.bin
holds an object beside weights: both must be refused.
"""

import argparse
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


def main():
    HERE.mkdir(exist_ok=True)
    weights = state()
    weights._metadata = OrderedDict([("", {"version": 1})])
    torch.save(weights, HERE / "archive.bin")
    torch.save(weights, HERE / "sequence.bin", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "lr": 0.1, "names": ("a", ["b"]), "state_dict": weights}, HERE / "nested.bin")
    for name, thing in (("code", Command()), ("namespace", argparse.Namespace(lr=0.1))):
        torch.save({"weight": torch.zeros(1), "extra": thing}, HERE / f"{name}.bin")


if __name__ == "__main__":
    main()
