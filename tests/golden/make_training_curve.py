"""Makes the loss curve that the trainer's test compares against, by training in PyTorch itself.

    python tests/golden/make_training_curve.py

One Transformer layer (post-norm, GELU by erf) with a tied masked-LM decoder, 50 steps of AdamW in float32 without dropout:
gradients clipped to norm 1, a linear schedule with 5 steps of warm-up, no decay of biases and LayerNorm. Writes
training-curve/expected.safetensors: `weight/<name>` before the first step, the batches, and `losses` [50].
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

STEPS, WARM_UP, RATE, DECAY, CLIP, EPSILON = 50, 5, 0.01, 0.1, 1.0, 1e-5
ROWS, LENGTH, WIDTH, HEADS, INNER, WORDS, MASKED = 2, 6, 8, 2, 16, 20, 4

torch.manual_seed(5)


def drawn(*shape, deviation=0.3, around=0.0):
    return torch.randn(shape) * deviation + around


weights = {"words": drawn(WORDS, WIDTH), "decoder.bias": drawn(WORDS)}
for name, (out, size) in {
    **{name: (WIDTH, WIDTH) for name in ("query", "key", "value", "output")},
    "up": (INNER, WIDTH),
    "down": (WIDTH, INNER),
}.items():
    weights |= {f"{name}.weight": drawn(out, size), f"{name}.bias": drawn(out)}
for name in ("attention.norm", "output.norm"):
    weights |= {f"{name}.weight": drawn(WIDTH, deviation=0.1, around=1.0), f"{name}.bias": drawn(WIDTH)}

batches = {
    "ids": torch.randint(WORDS, (STEPS, ROWS, LENGTH), dtype=torch.int32),
    "labels": torch.randint(WORDS, (STEPS, MASKED), dtype=torch.int32),
    "weights": (torch.rand(STEPS, MASKED) < 0.8).float(),
}
batches["weights"][:, 0] = 1
places = torch.tensor([0, 1, LENGTH, LENGTH + 1])
visible = torch.ones(ROWS, 1, 1, LENGTH, dtype=torch.bool)
visible[1, :, :, -1] = False  # the second row ends in padding

w = {name: value.clone().requires_grad_() for name, value in weights.items()}


def dense(x, name):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def norm(x, name):
    return F.layer_norm(x, (WIDTH,), w[f"{name}.weight"], w[f"{name}.bias"], EPSILON)


def split(x):
    return x.view(ROWS, LENGTH, HEADS, -1).transpose(1, 2)


def loss(step):
    x = F.embedding(batches["ids"][step].long(), w["words"])
    q, k, v = (split(dense(x, name)) for name in ("query", "key", "value"))
    attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible).transpose(1, 2).reshape(x.shape)
    a = norm(dense(attended, "output") + x, "attention.norm")
    hidden = norm(dense(F.gelu(dense(a, "up")), "down") + a, "output.norm")
    logits = F.linear(hidden.reshape(-1, WIDTH)[places], w["words"], w["decoder.bias"])
    each = F.cross_entropy(logits, batches["labels"][step].long(), reduction="none")
    factors = batches["weights"][step]
    return (each * factors).sum() / factors.sum()


def decays(name):
    return name == "words" or (name.endswith(".weight") and "norm" not in name)


optimiser = torch.optim.AdamW(
    [
        {"params": [w[name] for name in w if decays(name) == decaying], "weight_decay": DECAY if decaying else 0.0}
        for decaying in (True, False)
    ],
    lr=RATE,
)
schedule = torch.optim.lr_scheduler.LambdaLR(
    optimiser, lambda t: t / WARM_UP if t < WARM_UP else (STEPS - t) / (STEPS - WARM_UP)
)
losses = []
for step in range(STEPS):
    optimiser.zero_grad()
    value = loss(step)
    value.backward()
    torch.nn.utils.clip_grad_norm_(list(w.values()), CLIP)
    optimiser.step()
    schedule.step()
    losses.append(value.item())

folder = Path(__file__).parent / "training-curve"
folder.mkdir(exist_ok=True)
tensors = {f"weight/{name}": value for name, value in weights.items()} | batches | {"losses": torch.tensor(losses)}
save_file(tensors, folder / "expected.safetensors", {"made by": f"make_training_curve.py, PyTorch {torch.__version__}"})
print(f"losses {losses[0]:.4f} to {losses[-1]:.4f}")
