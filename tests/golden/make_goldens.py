"""Makes the numbers that the encoder's tests compare against, by running `transformers` itself.

    python3 -m venv ../somewhere/venv && . ../somewhere/venv/bin/activate && pip install -r tests/golden/requirements.txt
    python tests/golden/make_goldens.py                     # the tiny model of every family
    python tests/golden/make_goldens.py --minilm FOLDER     # also all-MiniLM-L6-v2, from the folder with its config.json

Every family gets a folder: config.json, model.safetensors (float32, encoder with pooler where it has one, masked-LM head),
expected.safetensors: inputs and outputs of several cases, computed in float64 from the float32 weights; and
heads.safetensors: weights, scores and losses of the family's other heads. Weights are
drawn with deviation 0.3 and every bias and LayerNorm parameter is perturbed, so that attention is far from uniform and a
forgotten factor, bias or gain moves the outputs by far more than the tests' tolerance. F and E differ from H and are not
square, so that a transposed matrix cannot pass.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer

HERE = Path(__file__).parent
SIZES = dict(
    vocab_size=99,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=37,
    max_position_embeddings=64,
    type_vocab_size=2,
    initializer_range=0.3,
)
FAMILIES = {
    "bert": SIZES,
    "roberta": dict(SIZES, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2),
    "xlm-roberta": dict(SIZES, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2),
    "distilbert": dict(
        vocab_size=99, dim=32, n_layers=2, n_heads=4, hidden_dim=37, max_position_embeddings=64, initializer_range=0.3
    ),
    "albert": dict(SIZES, num_hidden_layers=4, num_hidden_groups=2, embedding_size=17, hidden_act="gelu_new", pad_token_id=0),
    "electra": dict(SIZES, embedding_size=17),
}
LENGTH = 9
GRADIENTS = (
    "word_embeddings.weight",
    "position_embeddings.weight",
    "query.weight",
    "q_lin.weight",
    "key.bias",
    "embedding_hidden_mapping_in.weight",
    "embeddings_project.weight",
    "attention.output.dense.weight",
    "attention.out_lin.weight",
    "attention.dense.weight",
    "output.dense.bias",
    "ffn.lin2.weight",
    "ffn_output.weight",
    "embeddings.LayerNorm.weight",
    "output.LayerNorm.bias",
    "output_layer_norm.bias",
    "full_layer_layer_norm.bias",
    "predictions.bias",
    "lm_head.bias",
    "lm_head.dense.weight",
    "transform.dense.weight",
    "predictions.dense.weight",
    "vocab_transform.weight",
    "vocab_projector.bias",
    "generator_lm_head.bias",
    "generator_predictions.dense.weight",
)


def perturb(model):
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)
        elif "embeddings" in name:  # also the padding row, which starts at zero
            parameter.data[:2] = 0.3 * torch.randn_like(parameter[:2])


def cases(pad, types, first_position):
    """Inputs by name; every row starts with real ids drawn above the special ones."""
    ids = torch.randint(5, 99, (3, LENGTH))
    right = torch.tensor([[1] * n + [0] * (LENGTH - n) for n in (LENGTH, 6, 2)])
    left = right.flip(1)
    made = {
        "full": dict(input_ids=ids.clone(), attention_mask=torch.ones_like(ids)),
        "right": dict(input_ids=torch.where(right == 1, ids, pad), attention_mask=right),
        "left": dict(input_ids=torch.where(left == 1, ids, pad), attention_mask=left),
        "positions": dict(
            input_ids=torch.where(right == 1, ids, pad),
            attention_mask=right,
            position_ids=first_position + torch.stack([torch.randperm(20)[:LENGTH] for _ in range(3)]),
        ),
    }
    if types > 1:
        second = torch.tensor([[int(i >= n) for i in range(LENGTH)] for n in (4, 3, 1)])
        made["pair"] = dict(input_ids=torch.where(right == 1, ids, pad), attention_mask=right, token_type_ids=second)
    visible = torch.rand(3, LENGTH, LENGTH) < 0.5
    visible |= torch.eye(LENGTH, dtype=torch.bool)
    made["visible"] = dict(input_ids=ids.clone(), attention_mask=visible[:, None])
    return made


def additive(inputs):
    """`transformers` adds a four-axis mask to the scores as it is, so a boolean one must become 0 and minus a large number."""
    mask = inputs["attention_mask"]
    if mask.dim() == 2:
        return inputs
    return inputs | dict(attention_mask=torch.zeros(mask.shape, dtype=torch.float64).masked_fill(~mask, -1e30))


def run(base, masked, inputs, with_gradients):
    inputs = additive(inputs)
    hidden = base(**inputs, output_hidden_states=True)
    found = {f"state.{i}": state for i, state in enumerate(hidden.hidden_states)}
    if getattr(hidden, "pooler_output", None) is not None:
        found["pooled"] = hidden.pooler_output
    labels = torch.full_like(inputs["input_ids"], -100)
    rows, columns = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([1, 7, 3, 4, 8 if with_gradients else 1])
    labels[rows, columns] = torch.tensor([7, 50, 98, 5, 31])
    masked.zero_grad()
    out = masked(**inputs, labels=labels)
    found["labels"] = labels
    found["loss"] = out.loss * 5
    found["logits"] = out.logits[rows, columns]
    if with_gradients:
        (out.loss * 5).backward()
        for name, parameter in masked.named_parameters():
            if name.endswith(GRADIENTS) and parameter.grad is not None:
                found[f"gradient.{name}"] = parameter.grad
    return found


def host(tensor):
    tensor = tensor.detach().contiguous()
    return tensor.to(torch.float32 if tensor.is_floating_point() else torch.int32).clone()


def make(model_type, seed):
    torch.manual_seed(seed)
    sizes = dict(FAMILIES[model_type])
    config = AutoConfig.for_model(model_type, **sizes)
    base = AutoModel.from_config(config, attn_implementation="eager").eval()
    masked = AutoModelForMaskedLM.from_config(config, attn_implementation="eager").eval()
    perturb(base)
    perturb(masked)
    for name, parameter in masked.base_model.named_parameters():
        parameter.data.copy_(base.get_parameter(name).data)
    prefix = masked.base_model_prefix + "."
    tied = {"cls.predictions.decoder", "lm_head.decoder", "predictions.decoder", "vocab_projector.weight", "generator_lm_head.weight"}
    weights = {prefix + name: parameter for name, parameter in base.named_parameters()}
    weights |= {n: p for n, p in masked.state_dict().items() if not any(n.startswith(t) for t in tied) and p.is_floating_point()}
    folder = HERE / model_type
    folder.mkdir(exist_ok=True)
    save_file({name: host(value) for name, value in weights.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    config.architectures = [type(masked).__name__]
    config.dtype = "float32"
    config.save_pretrained(folder)
    base, masked = base.double(), masked.double()
    expected = {}
    first_position = config.pad_token_id + 1 if "roberta" in model_type else 0
    for case, inputs in cases(config.pad_token_id, sizes.get("type_vocab_size", 0), first_position).items():
        for name, value in inputs.items():
            expected[f"{case}/{name}"] = host(value.to(torch.int32))
        for name, value in run(base, masked, inputs, case == "full").items():
            expected[f"{case}/{name}"] = host(value)
    save_file(expected, folder / "expected.safetensors", metadata={"made-by": made_by()})
    print(model_type, len(weights), "weights,", len(expected), "expected")


HEADS = {
    "next-sentence": {"bert": "BertForNextSentencePrediction"},
    "sentence-order": {"albert": "AlbertForPreTraining"},
    "replaced-token": {"electra": "ElectraForPreTraining"},
    "sequence-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "span-extraction": "ForQuestionAnswering",
}
CLASSES = {
    "bert": "Bert",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
    "distilbert": "DistilBert",
    "albert": "Albert",
    "electra": "Electra",
}


def architecture_of(head, family):
    known = HEADS[head]
    return CLASSES[family] + known if isinstance(known, str) else known.get(family)


def make_heads(family, seed):
    """Scores and losses of every head that the family has, over the encoder of its folder; right padding."""
    folder = HERE / family
    with safe_open(folder / "expected.safetensors", "pt") as file:
        inputs = {name: file.get_tensor(f"right/{name}").long() for name in ("input_ids", "attention_mask")}
    with safe_open(folder / "model.safetensors", "pt") as file:
        stored = set(file.keys())
    made = {}
    for number, head in enumerate(HEADS):
        architecture = architecture_of(head, family)
        if architecture is None:
            continue
        torch.manual_seed(seed + number)
        labels = dict(num_labels=3) if head.endswith("classification") else {}
        kind = getattr(transformers, architecture)
        model = kind.from_pretrained(folder, attn_implementation="eager", **labels).eval()
        own = {n: p for n, p in model.named_parameters() if n not in stored and "decoder" not in n}
        for parameter in own.values():
            parameter.data.normal_(0, 0.3)
        made |= {f"{head}/weights/{name}": host(parameter) for name, parameter in own.items()}
        made |= {f"{head}/{name}": host(value) for name, value in scores(head, model.double(), inputs).items()}
    save_file(made, folder / "heads.safetensors", metadata={"made-by": made_by()})
    print(family, len(made), "arrays of heads")


def scores(head, model, inputs):
    if head == "span-extraction":
        starts, ends = torch.tensor([1, 2, 0]), torch.tensor([4, 2, 1])
        out = model(**inputs, start_positions=starts, end_positions=ends)
        return {"logits": torch.stack([out.start_logits, out.end_logits], -1), "starts": starts, "ends": ends, "loss": out.loss}
    if head == "replaced-token":
        labels = (inputs["input_ids"] % 3 == 0).long()
        out = model(**inputs, labels=labels)
        return {"logits": out.logits, "labels": labels, "loss": out.loss}
    if head == "sentence-order":
        return {"logits": model(**inputs).sop_logits}
    return {"logits": model(**inputs).logits}


def uer_norm(x, weights, stem):
    """UER's LayerNorm, by the standard deviation of a sample: torch's own default."""
    deviation = x.std(-1, keepdim=True)
    return weights[f"{stem}.weight"] * (x - x.mean(-1, keepdim=True)) / (deviation + 1e-6) + weights[f"{stem}.bias"]


def uer_states(weights, ids, segments, positions, visible):
    """Hidden states of BERT as UER computes it, by plain tensor operations. visible: bool [B, T, T]."""
    def dense(x, stem):
        return x @ weights[f"{stem}.weight"].T + weights[f"{stem}.bias"]

    def table(name, at):
        return weights[f"bert.embeddings.{name}.weight"][at]

    def heads(x):
        return x.view(*x.shape[:2], 4, 8).transpose(1, 2)

    x = table("word_embeddings", ids) + table("position_embeddings", positions) + table("token_type_embeddings", segments)
    states = [uer_norm(x, weights, "bert.embeddings.LayerNorm")]
    for i in range(2):
        layer, x = f"bert.encoder.layer.{i}", states[-1]
        query, key, value = (heads(dense(x, f"{layer}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = query @ key.transpose(-1, -2) / 8**0.5 + (1 - visible[:, None].to(x.dtype)) * -1e30
        context = (scores.softmax(-1) @ value).transpose(1, 2).reshape(x.shape)
        x = uer_norm(dense(context, f"{layer}.attention.output.dense") + x, weights, f"{layer}.attention.output.LayerNorm")
        inner = dense(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + torch.erf(inner / 2**0.5))
        states.append(uer_norm(dense(inner, f"{layer}.output.dense") + x, weights, f"{layer}.output.LayerNorm"))
    return states


def make_uer():
    """The weights of the golden BERT under UER's equations; soft positions and a visible matrix as K-BERT gives them."""
    with safe_open(HERE / "bert" / "model.safetensors", "pt") as file:
        names = [name for name in file.keys() if name.startswith("bert.") and "pooler" not in name]
        weights = {name: file.get_tensor(name).double().requires_grad_() for name in names}
    torch.manual_seed(3000)
    ids = torch.randint(5, 99, (2, LENGTH))
    segments = torch.tensor([[0] * 5 + [1] * 4, [0] * LENGTH])
    positions = torch.stack([torch.randint(0, 20, (LENGTH,)) for _ in range(2)])
    visible = (torch.rand(2, LENGTH, LENGTH) < 0.5) | torch.eye(LENGTH, dtype=torch.bool)
    states = uer_states(weights, ids, segments, positions, visible)
    states[-1].square().sum().backward()
    expected = dict(input_ids=ids, token_type_ids=segments, position_ids=positions, visible=visible.int())
    expected |= {f"state.{i}": state for i, state in enumerate(states)}
    for name in ("embeddings.LayerNorm.weight", "encoder.layer.0.attention.self.query.weight", "embeddings.word_embeddings.weight"):
        expected[f"gradient.bert.{name}"] = weights[f"bert.{name}"].grad
    (HERE / "uer-bert").mkdir(exist_ok=True)
    save_file({k: host(v) for k, v in expected.items()}, HERE / "uer-bert" / "expected.safetensors", metadata={"made-by": made_by()})


SENTENCES = [
    "The bank of the river was steep.",
    "Marie Curie discovered polonium and radium; her notebooks are still radioactive, aren't they?",
    "Schrödinger's café, 東京: naïve tokenization of unfamiliar words such as electroencephalographically.",
]


def make_minilm(folder):
    """Hidden states of three positions of three sentences after each layer, in float64 from the file's float32 weights."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval().double()
    inputs = tokenizer(SENTENCES, padding="longest", truncation=False, return_tensors="pt")
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True)
    lengths = inputs["attention_mask"].sum(1)
    positions = torch.stack([torch.tensor([0, 3, int(n) - 1]) for n in lengths])
    expected = {name: host(inputs[name].to(torch.int32)) for name in ("input_ids", "attention_mask")}
    expected["positions"] = host(positions)
    for i, state in enumerate(out.hidden_states):
        expected[f"state.{i}"] = host(state[torch.arange(3)[:, None], positions])
    expected["pooled"] = host(out.pooler_output)
    (HERE / "minilm").mkdir(exist_ok=True)
    metadata = {"made-by": made_by(), "sentences": json.dumps(SENTENCES)}
    save_file(expected, HERE / "minilm" / "expected.safetensors", metadata=metadata)
    print("minilm", tuple(inputs["input_ids"].shape))


def made_by():
    return f"torch {torch.__version__}, transformers {transformers.__version__}, float64"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", metavar="FOLDER")
    parser.add_argument("--heads", action="store_true", help="only what is computed over the models that are there")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    for number, family in enumerate(FAMILIES):
        if not arguments.heads:
            make(family, 1000 + number)
        make_heads(family, 2000 + 100 * number)
    make_uer()
    if arguments.minilm:
        make_minilm(arguments.minilm)
    sys.exit(0)
