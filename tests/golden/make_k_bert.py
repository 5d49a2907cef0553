"""Makes the numbers that the tests of K-BERT compare against: the official computation from words to gradients, rewritten.

    python tests/golden/make_k_bert.py     # in the environment of make_goldens.py, after it

Segmentation, lookup, hard order, soft positions, visible matrix, padding and truncation follow the equations of the
official builder (autoliuweijie/K-BERT, brain/knowgraph.py) on single letters; the encoder is UER's, over the weights of the
golden BERT in float64. Writes k-bert/cases.json (words, triples, settings) and k-bert/expected.safetensors: tokens' ids, soft
positions, segments, tags (0 trunk, 1 branch, 0 padding), visible matrix, states after every layer, and gradients of the sum
of squares of the last states of real tokens.
"""

import json

import torch
from make_goldens import HERE, host, made_by, uer_states
from safetensors import safe_open
from safetensors.torch import save_file

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
IDS = {token: number for number, token in enumerate(SPECIAL + list("abcdefghijklmnopqrstuvwxyz"))}
WORKED = [["ab", "r", "xy"], ["ab", "r", "z"], ["ab", "r", "q"], ["de", "r", "w"]]
GRAPH = [["ab", "m", "xy"], ["ab", "n", "zz"], ["ab", "m", "q"], ["de", "m", "w"], ["fgh", "k", "ab"], ["c", "n", "uvwxyz"]]
ROWS = [
    {"text": ["ab", "c", "de"]},
    {"text": ["i", "fgh", "ab", "j", "ab"]},
    {"text": ["i", "j"]},
]
PAIRS = [{"text": ["ab", "c"], "pair": ["de", "j"]}, {"text": ["i"], "pair": ["fgh", "ab"]}]
CASES = {
    "worked": dict(triples=WORKED, rows=[{"text": ["ab", "c", "de"]}], maxLength=12, branchText="tail"),
    "worked-9": dict(triples=WORKED, rows=[{"text": ["ab", "c", "de"]}], maxLength=9, branchText="tail"),
    "worked-4": dict(triples=WORKED, rows=[{"text": ["ab", "c", "de"]}], maxLength=4, branchText="tail"),
    "classification": dict(triples=GRAPH, rows=ROWS, maxLength=24),
    "pair": dict(triples=GRAPH, rows=PAIRS, maxLength=32),
    "cut": dict(triples=GRAPH, rows=ROWS[:2] + PAIRS, maxLength=11),
    "without-visible-matrix": dict(triples=GRAPH, rows=ROWS, maxLength=24, visibleMatrix=False),
    "empty": dict(triples=[["z", "m", "y"]], rows=ROWS, maxLength=16),
}
DEFAULTS = dict(maxTriplesPerMention=2, branchText="relation-and-tail", visibleMatrix=True)


def table(triples, branch_text):
    """Subject to the set of its values, in the order of the file."""
    values = {}
    for head, relation, tail in triples:
        value = tail if branch_text == "tail" else relation + tail
        if value not in values.setdefault(head, []):
            values[head].append(value)
    return values


def grow(words, values, most):
    """Tokens, soft positions, tags, and for each token the set of tokens that it sees, of one flattened tree."""
    tokens, positions, tags, trunk, seen = [], [], [], [], {}
    soft = -1
    for word in words:
        letters = [word] if word in SPECIAL else list(word)
        own = []
        for letter in letters:
            soft += 1
            own.append(len(tokens))
            tokens.append(letter)
            positions.append(soft)
            tags.append(0)
        trunk += own
        for value in values.get(word, [])[:most]:
            branch = list(range(len(tokens), len(tokens) + len(value)))
            tokens += list(value)
            positions += [soft + 1 + i for i in range(len(value))]
            tags += [1] * len(value)
            for index in branch:
                seen[index] = set(branch) | set(own)
            for index in own:
                seen.setdefault(index, set()).update(branch)
    for index in trunk:
        seen.setdefault(index, set()).update(trunk)
    return tokens, positions, tags, seen


def lay(row, case):
    """The tensors of one row, padded or cut to the case's length."""
    words = ["[CLS]", *row["text"]]
    if "pair" in row:
        words += ["[SEP]", *row["pair"], "[SEP]"]
    values = table(case["triples"], case["branchText"])
    tokens, positions, tags, seen = grow(words, values, case["maxTriplesPerMention"])
    length = case["maxLength"]
    segment, segments = 0, []
    for token in tokens:
        segments.append(segment)
        segment += token == "[SEP]"
    # The last [SEP] raises the counter behind every token: no real token has segment 2.
    visible = torch.zeros(length, length, dtype=torch.bool)
    for index in range(min(length, len(tokens))):
        for other in seen[index]:
            if other < length:
                visible[index, other] = True
    if not case["visibleMatrix"]:
        count = min(length, len(tokens))
        visible[:, :count] = True

    def fill(values, padding):
        return (values + [padding] * length)[:length]

    ids = fill([IDS[token] for token in tokens], IDS["[PAD]"])
    real = fill([1] * len(tokens), 0)
    return ids, fill(positions, length - 1), fill(segments, 0), fill(tags, 0), real, visible


def run(case, weights):
    rows = [lay(row, case) for row in case["rows"]]
    ids, positions, segments, tags, real = (torch.tensor([row[i] for row in rows]) for i in range(5))
    visible = torch.stack([row[5] for row in rows])
    for value in weights.values():
        value.grad = None
    states = uer_states(weights, ids, segments, positions, visible)
    (states[-1] * real[:, :, None]).square().sum().backward()
    found = dict(ids=ids, positions=positions, segments=segments, tags=tags, real=real, visible=visible.int())
    found |= {f"state.{i}": state for i, state in enumerate(states)}
    for name in GRADIENTS:
        found[f"gradient.{name}"] = weights[name].grad
    return found


GRADIENTS = [
    "bert.embeddings.position_embeddings.weight",
    "bert.embeddings.word_embeddings.weight",
    "bert.encoder.layer.0.attention.self.query.weight",
    "bert.encoder.layer.1.attention.self.value.bias",
]


def main():
    with safe_open(HERE / "bert" / "model.safetensors", "pt") as file:
        names = [name for name in file.keys() if name.startswith("bert.") and "pooler" not in name]
        weights = {name: file.get_tensor(name).double().requires_grad_() for name in names}
    folder = HERE / "k-bert"
    folder.mkdir(exist_ok=True)
    cases = {name: DEFAULTS | case for name, case in CASES.items()}
    expected = {f"{name}/{key}": host(value) for name, case in cases.items() for key, value in run(case, weights).items()}
    save_file(expected, folder / "expected.safetensors", metadata={"made-by": made_by()})
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    print(len(cases), "cases,", len(expected), "arrays")


if __name__ == "__main__":
    main()
