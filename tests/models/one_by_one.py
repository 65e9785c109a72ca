"""What plain transformers calls say of one mask at a time: the reference for every value of the prompt lens."""

import numpy as np
import torch


def every_mask(n):
    """All masks of n players, (2^n, n)."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def log_probability(model, lens, mask, continuation):
    """log p(continuation | ablated prompt), by one call of the network."""
    ids, places, mean, whole = read(model, lens, mask)
    target = model.tokenizer(lens.text + continuation)["input_ids"][whole:]
    after = whole if lens.ablation == "drop" else len(ids)
    places = [*places, *range(after, after + len(target))]
    logits = _logits(model, [*ids, *target], places, [*mean, *[False] * len(target)])
    chances = logits[0].double().log_softmax(-1)
    return sum(float(chances[len(ids) - 1 + step, token]) for step, token in enumerate(target))


def log_odds(model, lens, mask, label):
    """logit - log(sum of exp of the others), by one call of the network."""
    ids, places, mean, _ = read(model, lens, mask)
    offset = model.network.config.pad_token_id + 1 if model.network.config.model_type == "roberta" else 0
    logits = _logits(model, list(ids), [place + offset for place in places], mean)[0].double()
    others = [logits[i] for i in range(len(logits)) if i != label]
    return float(logits[label] - torch.stack(others).exp().sum().log())


def read(model, lens, mask):
    """(ids, places, which are the mean embedding, tokens of the whole prompt), from the operators' definitions."""
    encoded = model.tokenizer(lens.text, return_offsets_mapping=True)
    ids = np.array(encoded["input_ids"])
    whole = len(ids)
    places, mean = np.arange(whole), np.zeros(whole, bool)
    gone = np.array([_hidden(lens, mask, start, end) for start, end in encoded["offset_mapping"]])
    if lens.ablation in ("mask", "pad", "unk"):
        ids[gone] = getattr(model.tokenizer, f"{lens.ablation}_token_id")
    elif lens.ablation == "mean":
        mean = gone
    elif lens.ablation == "drop":
        ids, places, mean = ids[~gone], places[~gone], mean[~gone]
    else:
        ids = np.array(model.tokenizer(joined(lens, mask))["input_ids"])
        places, mean = np.arange(len(ids)), np.zeros(len(ids), bool)
    return ids, places, mean, whole


def joined(lens, mask):
    """The text that `remove` and `word:x` leave."""
    text = ""
    for piece, player in lens.pieces:
        if player is None or mask[player]:
            text += piece
        else:
            text = text.rstrip() if lens.ablation == "remove" else text + lens.ablation.removeprefix("word:")
    return text


def _hidden(lens, mask, start, end):
    """Whether a token shares a character with an ablated player."""
    at = 0
    for piece, player in lens.pieces:
        if player is not None and not mask[player] and max(start, at) < min(end, at + len(piece)):
            return True
        at += len(piece)
    return False


def _logits(model, ids, places, mean):
    embeddings = model.network.get_input_embeddings()
    fed = torch.tensor([ids])
    embedded = embeddings(fed)
    embedded[0, torch.tensor(mean)] = embeddings(torch.arange(embeddings.num_embeddings)).mean(0)
    with torch.inference_mode():
        seen = torch.ones_like(fed)
        return model.network(inputs_embeds=embedded, position_ids=torch.tensor([places]), attention_mask=seen).logits
