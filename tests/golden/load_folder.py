"""Loads model folders with `transformers`; prints ids, outputs and everything that loading complained about, as JSON."""

import io
import json
import logging
import sys
import warnings
from pathlib import Path

import torch
import transformers

log = io.StringIO()
transformers.logging.set_verbosity_warning()
transformers.logging.get_logger("transformers").addHandler(logging.StreamHandler(log))
warnings.simplefilter("always")


def load(folder):
    log.truncate(0)
    architecture = json.loads(Path(folder, "config.json").read_text())["architectures"][0]
    with warnings.catch_warnings(record=True) as caught:
        kind = getattr(transformers, architecture)
        model, info = kind.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    problems = [f"{key}: {sorted(map(str, names))}" for key, names in info.items() if names]
    problems += [line for line in log.getvalue().splitlines() if line.strip()] + [str(warning.message) for warning in caught]
    first = tokenizer("a word, once.", return_tensors="pt")["input_ids"]
    ids = torch.cat([first, first.flip(1)])
    with torch.no_grad():
        out = model.eval()(input_ids=ids)
    return {"ids": ids.tolist(), "outputs": outputs_of(out).tolist(), "problems": problems}


def outputs_of(out):
    if hasattr(out, "start_logits"):
        return torch.stack([out.start_logits, out.end_logits], -1)
    for name in ("logits", "sop_logits", "seq_relationship_logits"):
        if hasattr(out, name):
            return getattr(out, name)
    return out.last_hidden_state


print(json.dumps({folder: load(folder) for folder in sys.argv[1:]}))
