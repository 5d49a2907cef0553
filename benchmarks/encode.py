"""The other side of the encode benchmark: hidden states of texts by `transformers`, batched by length as ours.

    python encode.py MODEL_FOLDER TEXTS.json BATCH_PIECES THREADS

Makes a pass over all texts for every line of standard input, and prints its seconds and a checksum.
"""

import json
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

folder, texts, batch_pieces, threads = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
tokenizer = AutoTokenizer.from_pretrained(folder)
tokenizer.backend_tokenizer.no_padding()
model = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()


def batches(encoded):
    """Longest first, so that a batch holds texts of like length."""
    order = sorted(range(len(encoded)), key=lambda i: -len(encoded[i]))
    start = 0
    while start < len(order):
        rows = max(1, batch_pieces // len(encoded[order[start]]))
        yield order[start : start + rows]
        start += rows


@torch.inference_mode()
def once():
    encoded = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
    states = [None] * len(texts)
    for batch in batches(encoded):
        inputs = tokenizer.pad({"input_ids": [encoded[i] for i in batch]}, return_tensors="pt")
        hidden = model(**inputs).last_hidden_state
        for row, i in enumerate(batch):
            states[i] = hidden[row, : len(encoded[i])].numpy().copy()
    return sum(float(state[0, 0]) for state in states), sum(len(ids) for ids in encoded)


print(json.dumps({"ready": f"torch {torch.__version__}, {torch.get_num_threads()} threads"}), flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    checksum, pieces = once()
    print(json.dumps({"seconds": time.perf_counter() - begin, "checksum": checksum, "pieces": pieces}), flush=True)
