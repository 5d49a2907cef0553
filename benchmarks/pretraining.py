"""The other side of the pre-training benchmark: `transformers` trains BertForMaskedLM on batches that were made before.

    python pretraining.py FOLDER THREADS

FOLDER holds the first weights (`model`), `batches.json` with the sizes and the optimiser's numbers, and `batches.bin`: for
each step ids, attention mask and labels (-100: not hidden), int32 [B, T] each. Prints a JSON line a step: its loss and seconds.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import BertForMaskedLM, get_linear_schedule_with_warmup

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
plan = json.loads((folder / "batches.json").read_text())
raw = np.memmap(folder / "batches.bin", np.int32, "r")
model = BertForMaskedLM.from_pretrained(folder / "model", dtype=torch.float32).train()


def decays(name):
    return not name.endswith("bias") and "LayerNorm" not in name


optimiser = torch.optim.AdamW(
    [
        {
            "params": [value for name, value in model.named_parameters() if decays(name) == decaying],
            "weight_decay": plan["weightDecay"] if decaying else 0.0,
        }
        for decaying in (True, False)
    ],
    lr=plan["rate"],
)
schedule = get_linear_schedule_with_warmup(optimiser, round(plan["warmup"] * len(plan["shapes"])), len(plan["shapes"]))
offset = 0
for rows, length in plan["shapes"]:
    size = 3 * rows * length
    ids, mask, labels = torch.from_numpy(raw[offset : offset + size].astype(np.int64)).view(3, rows, length)
    offset += size
    begin = time.perf_counter()
    optimiser.zero_grad()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan["clip"])
    optimiser.step()
    schedule.step()
    print(json.dumps({"loss": loss.item(), "seconds": time.perf_counter() - begin}), flush=True)
