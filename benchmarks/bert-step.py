"""PyTorch's arm of the training-step benchmark: the same BERT, weights and batch, from the folder given."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

folder, threads, short = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "bf16"
torch.set_num_threads(threads)
spec = json.loads((folder / "spec.json").read_text())
size = spec["shape"]
raw, offset = (folder / "arrays.bin").read_bytes(), 0


def take(shape, dtype):
    global offset
    count = int(np.prod(shape))
    values = np.frombuffer(raw, dtype, count, offset).reshape(shape).copy()
    offset += values.nbytes
    return torch.from_numpy(values)


w = {each["name"]: take(each["shape"], np.float32).requires_grad_() for each in spec["weights"]}
types = {"int32": np.int32, "float32": np.float32, "bool": np.uint8}
batch = {each["name"]: take(each["shape"], types[each["dtype"]]) for each in spec["arrays"]}
ids, rows, labels = (batch[name].long() for name in ("ids", "rows", "labels"))
visible = batch["visible"].bool()[:, None]  # [B, 1, 1, T]


def norm(x, gain, shift):
    return F.layer_norm(x, (size["hidden"],), w[gain], w[shift], spec["epsilon"])


def dense(x, name):
    return F.linear(x, w[name], w[name + "Bias"])


def split(x):
    return x.view(size["batch"], size["tokens"], size["heads"], -1).transpose(1, 2)


def loss():
    x = norm(F.embedding(ids, w["word"]) + w["position"] + w["type"][:1], "gain", "shift")
    for i in range(size["layers"]):
        q, k, v = (split(dense(x, f"{i}.{name}")) for name in ("query", "key", "value"))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible).transpose(1, 2).reshape(x.shape)
        x = norm(x + dense(attended, f"{i}.output"), f"{i}.gain1", f"{i}.shift1")
        x = norm(x + dense(F.gelu(dense(x, f"{i}.up")), f"{i}.down"), f"{i}.gain2", f"{i}.shift2")
    found = x.reshape(-1, size["hidden"])[rows]
    found = norm(F.gelu(dense(found, "transform")), "transformGain", "transformShift")
    return F.cross_entropy(F.linear(found, w["word"], w["vocabularyBias"]), labels)


settings = spec["optimiser"]
groups = [
    {"params": [w[each["name"]] for each in spec["weights"] if each["decays"] == decays], "weight_decay": decay}
    for decays, decay in ((True, settings["decay"]), (False, 0.0))
]
optimiser = torch.optim.AdamW(groups, lr=settings["rate"], eps=settings["epsilon"])
print(json.dumps({"ready": f"PyTorch {torch.__version__}, {threads} threads"}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    optimiser.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=short):
        value = loss()
    value.backward()
    middle = time.perf_counter()
    optimiser.step()
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made = {"seconds": end - start, "optimiserSeconds": end - middle, "loss": value.item(), "peakMiB": peak}
    print(json.dumps(made), flush=True)
