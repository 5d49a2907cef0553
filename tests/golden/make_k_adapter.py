"""Makes the numbers that K-Adapter's parity test compares against.

    python tests/golden/make_k_adapter.py     # with the environment of requirements.txt

A rewrite in PyTorch of what the official code computes (microsoft/K-Adapter), from its equations and parameter names, with
nothing of kgraft: side networks over given hidden states, relation and dependency heads, and the ways tasks read adapters.
Written to k-adapter/expected.safetensors, computed in float64 from float32 weights: `weights/<official name>`,
`inputs/<name>`, and for each case `<case>/<output>` and `<case>/gradient.<official name>`.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

ROWS, LENGTH, HIDDEN, INNER, HEADS, LAYERS = 3, 7, 10, 8, 2, 2
DEPTH, RELATIONS, POSITIONS = 6, 5, 6
READ = {"fac": (0, 2, 5), "lin": (0, 3, 6)}


class Attention(nn.Module):
    """BERT's attention with its output layer, residual and LayerNorm."""

    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.self = nn.ModuleDict({name: nn.Linear(size, size) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict({"dense": nn.Linear(size, size), "LayerNorm": nn.LayerNorm(size, eps=1e-5)})

    def forward(self, x, keys):
        rows, length, size = x.shape
        split = lambda y: y.view(rows, length, self.heads, size // self.heads).transpose(1, 2)
        query, key, value = (split(self.self[name](x)) for name in ("query", "key", "value"))
        scores = query @ key.transpose(-1, -2) / math.sqrt(size // self.heads)
        scores = scores.masked_fill(~keys[:, None, None, :], -math.inf)
        context = (scores.softmax(-1) @ value).transpose(1, 2).reshape(rows, length, size)
        return self.output["LayerNorm"](self.output["dense"](context) + x)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention(INNER, HEADS)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(INNER, 4 * INNER)})
        self.output = nn.ModuleDict({"dense": nn.Linear(4 * INNER, INNER), "LayerNorm": nn.LayerNorm(INNER, eps=1e-5)})

    def forward(self, x, keys):
        attended = self.attention(x, keys)
        inner = F.gelu(self.intermediate["dense"](attended))
        return self.output["LayerNorm"](self.output["dense"](inner) + attended)


class SideNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.down_project = nn.Linear(HIDDEN, INNER)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(LAYERS))})
        self.up_project = nn.Linear(INNER, HIDDEN)

    def forward(self, x, keys):
        inner = self.down_project(x)
        for layer in self.encoder["layer"]:
            inner = layer(inner, keys)
        return x + self.up_project(inner)


class AdapterModel(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.read = READ[kind]
        self.adapter = nn.ModuleList(SideNetwork() for _ in self.read)
        self.com_dense = nn.Linear(2 * HIDDEN, HIDDEN)
        if kind == "fac":
            self.dense, self.out_proj = nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, RELATIONS)
        else:
            self.self_attention = Attention(HIDDEN, 1)
            self.dense, self.out_proj = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, POSITIONS)

    def forward(self, hidden, keys, skip=0):
        last, outputs = torch.zeros_like(hidden[0]), []
        for network, layer in zip(self.adapter, self.read):
            last = network(hidden[layer] + last, keys)
            outputs.append(last)
            if skip >= 1 and len(outputs) % skip == 0:
                last = last + outputs[len(outputs) // skip]
        return last

    def relation_loss(self, hidden, output, heads, tails, labels, counts):
        mixed = self.com_dense(torch.cat([hidden[-1], output], -1))
        rows = torch.arange(ROWS)
        pair = torch.cat([mixed[rows, heads], mixed[rows, tails]], -1)
        return (F.cross_entropy(self.out_proj(self.dense(pair)), labels, reduction="none") * counts).sum()

    def dependency_loss(self, hidden, output, keys, labels, counts):
        mixed = self.com_dense(torch.cat([hidden[-1], output], -1))
        logits = self.out_proj(self.dense(self.self_attention(mixed, keys)))
        losses = F.cross_entropy(logits.view(-1, POSITIONS), labels.view(-1), reduction="none")
        return (losses * counts.view(-1)).sum()


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fac_adapter, self.lin_adapter = AdapterModel("fac"), AdapterModel("lin")
        self.task_dense_fac, self.task_dense_lin, self.task_dense = (nn.Linear(2 * HIDDEN, HIDDEN) for _ in range(3))

    def one(self, hidden, output):
        return self.task_dense_fac(torch.cat([hidden[-1], output], -1))

    def concat(self, hidden, fac, lin):
        both = [self.one(hidden, fac), self.task_dense_lin(torch.cat([hidden[-1], lin], -1))]
        return self.task_dense(torch.cat(both, -1))


def numbers(module):
    """Weights large enough that every part is felt: nothing is near zero, no gain near one."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.normal_(0, 0.4)
            if "LayerNorm.weight" in name:
                parameter.add_(1)
            parameter.copy_(parameter.float().double())


def main():
    torch.manual_seed(29)
    torch.set_default_dtype(torch.float64)
    model = Model()
    numbers(model)
    hidden = [torch.randn(ROWS, LENGTH, HIDDEN).float().double() for _ in range(DEPTH + 1)]
    lengths = torch.tensor([7, 4, 6])
    mask = torch.arange(LENGTH)[None] < lengths[:, None]
    heads, tails = torch.tensor([1, 2, 0]), torch.tensor([5, 3, 4])
    relations, relation_counts = torch.tensor([3, 0, 4]), torch.tensor([1.0, 1.0, 0.0])
    labels, counts = torch.randint(0, POSITIONS, (ROWS, LENGTH)), (mask & (torch.rand(ROWS, LENGTH) < 0.7)).double()
    reading = torch.randn(ROWS, LENGTH, HIDDEN).float().double()
    out = {f"weights/{name}": value.detach() for name, value in model.named_parameters()}
    out |= {f"inputs/hidden.{layer}": states for layer, states in enumerate(hidden)}
    out |= {
        "inputs/mask": mask.int(),
        "inputs/relation.positions": torch.cat([torch.arange(ROWS) * LENGTH + heads, torch.arange(ROWS) * LENGTH + tails]).int(),
        "inputs/relation.labels": relations.int(),
        "inputs/relation.counts": relation_counts,
        "inputs/dependency.labels": labels.view(-1).int(),
        "inputs/dependency.counts": counts.view(-1),
        "inputs/reading": reading,
    }
    for mode, keys in (("masked", mask), ("official", torch.ones_like(mask))):
        fac, lin = model.fac_adapter(hidden, keys), model.lin_adapter(hidden, keys)
        out |= {f"{mode}/factual": fac, f"{mode}/linguistic": lin, f"{mode}/one": model.one(hidden, fac)}
        out |= {f"{mode}/concat": model.concat(hidden, fac, lin), f"{mode}/add": hidden[-1] + fac + lin}
        for skip in (2, 3):
            out[f"{mode}/skip.{skip}"] = hidden[-1] + model.fac_adapter(hidden, keys, skip)
        relation = model.fac_adapter.relation_loss(hidden, fac, heads, tails, relations, relation_counts)
        dependency = model.lin_adapter.dependency_loss(hidden, lin, mask, labels, counts)
        model.zero_grad()
        (relation + dependency + (model.concat(hidden, fac, lin) * reading).sum()).backward()
        out |= {f"{mode}/relation": relation[None], f"{mode}/dependency": dependency[None]}
        out |= {f"{mode}/gradient.{name}": value.grad for name, value in model.named_parameters()}
    folder = Path(__file__).parent / "k-adapter"
    folder.mkdir(exist_ok=True)
    arrays = {name: value.detach().float() if value.is_floating_point() else value for name, value in out.items()}
    save_file({name: value.contiguous().clone() for name, value in arrays.items()}, folder / "expected.safetensors")


main()
