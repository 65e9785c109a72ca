"""Train clues, a causal model of known truth, from nothing, on the stories of stories.py.

    python assets/models/clues/train.py --out assets/models/clues

Writes model.safetensors, config.json and the tokenizer as transformers saves them, then measures the saved model on
fresh stories of word pairs that it never saw. Lookups do not come from mixed training: see STAGES.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import stories
import tokenizers
import torch
import transformers
from torch import Tensor
from torch.nn.functional import cross_entropy

SPECIAL = ("<s>", "</s>", "<pad>", "<unk>", "<mask>")
HALF = 2  # layers, after which "halfway" asks
BATCH, RATE = 32, 2e-3
PEOPLE, BLOCKS = 3, 8  # people of a lookup, and questions asked of a story, at most
CONTENT = (*stories.NAMES, *stories.PLACES, *stories.THINGS, *stories.DEVICES, *stories.PARTS, *stories.MOODS)


@dataclass(frozen=True)
class Stage:
    """A part of the curriculum: weights of the kinds of sequence, the tasks asked, and when it is over.

    It ends after `most` steps, or when every watched task is right on `enough` of its answers in the last 40 steps.
    dressed: share of stories in which words play each other's parts (`stories.masked_ball`), so that pairs cannot be
    learnt by heart. telegram: share in which some words are left out (`stories.telegram`), so that a fact is a step
    from repeating words. halfway: whether two layers must already know what follows from a sentence, and the first of
    two hops; and whether the steps on the way to whether a device works are asked for too (`Scene.hints`). falls:
    whether the rate falls to nothing. smoothing: share of an answer's probability that is asked for every word alike,
    so that the model does not grow ever surer of what it knows already.
    """

    kinds: dict[str, float]
    asked: tuple[str, ...]
    most: int
    watch: tuple[str, ...] = ()
    enough: float = 1.0
    dressed: float = 0.7
    telegram: float = 0.0
    halfway: bool = True
    falls: bool = False
    smoothing: float = 0.0


_SAID = ("one-hop said", "copying said")
_FACTS = (*_SAID, "one-hop", "copying")
_HOPS = (*_FACTS, "two-hop", "two-hop said")
_MOVED = ("override", "override said", "two-hop override", "two-hop override said")
_REST = ("both needed", "negation", "majority", "trigger")
_PARTS = ("part", "part said")
_EASY = {"both needed": 0.3, "negation": 0.25, "majority": 0.25, "trigger": 0.4}
_ALL = {"both needed": 1.2, "negation": 0.4, "majority": 0.4, "trigger": 0.8}
_NEW = {"both needed": 3, "negation": 0.7, "majority": 0.7, "trigger": 0.8}
_MEASURED = {"lookup": 2, "both needed": 1, "negation": 0.5, "majority": 1, "trigger": 0.7}
_EVERY = (*_HOPS, *_MOVED, *_REST, *_PARTS)
STAGES = {
    "repeat random words": Stage({"echo": 1}, (), 1500, ("echo",), 0.9),
    "complete a fact": Stage({"echo": 1, "lookup": 5}, _SAID, 1000, _SAID, 0.95, telegram=0.7, halfway=False),
    "two hops": Stage({"echo": 0.1, "lookup": 3}, _HOPS, 1200, _HOPS, 0.95),
    "yes and no": Stage({"lookup": 1, **_NEW}, (*_HOPS, *_REST, *_PARTS), 1200, (*_HOPS, *_REST), 0.96),
    "corrections": Stage({"lookup": 2.5, **_ALL}, _EVERY, 700, _EVERY, 0.97, dressed=0.5),
    "settle": Stage({"lookup": 2, **_ALL}, _EVERY, 1000, dressed=0.3, falls=True, smoothing=0.1),
}


@dataclass(frozen=True)
class Sequence:
    """One story, and behind it blocks (a question and its answer) that see the story and themselves only.

    ids, block (0 the story), place: (n_tokens,). answers: (position, token that must follow, task).
    """

    ids: list[int]
    block: list[int]
    place: list[int]
    answers: list[tuple[int, int, str]]


class Vocabulary:
    """Words to ids; the same as tokenizer.json."""

    def __init__(self) -> None:
        self.ids = {word: index for index, word in enumerate((*SPECIAL, *stories.vocabulary()))}

    def encode(self, text: str) -> list[int]:
        return [self.ids[word] for word in stories.words(text)]

    def told(self, scene: stories.Scene, asked: Iterable[str], halfway: bool = False) -> Sequence:
        """The story with a block for each question of the tasks asked; halfway as in `Stage`."""
        story = [self.ids["<s>"], *self.encode(" ".join(scene.sentences))]
        ids, block, place = list(story), [0] * len(story), list(range(len(story)))
        answers = self._hints(scene) if halfway else []
        for number, question in enumerate((q for q in scene.questions if q.task in asked), start=1):
            tokens = self.encode(question.text)
            answers.append((len(ids) + len(tokens) - 1, self.ids[question.answer], question.task))
            if halfway and question.through:
                answers.append((len(ids) + len(tokens) - 1, self.ids[question.through], "halfway"))
            answers.append((len(ids) + len(tokens), self.ids["</s>"], "end"))
            ids += [*tokens, self.ids[question.answer]]
            block += [number] * (len(tokens) + 1)
            place += range(len(story), len(story) + len(tokens) + 1)
        return Sequence(ids, block, place, answers)

    def _hints(self, scene: stories.Scene) -> list[tuple[int, int, str]]:
        """The scene's own; and at the last word of a sentence what it implies with those before: where a thing is, or
        what is there."""
        told = [stories.words(sentence) for sentence in scene.sentences]
        starts = [1 + sum(map(len, told[:at])) for at in range(len(told))]
        said = zip(starts, told, stories.implications(scene.sentences), strict=True)
        found = [(at + len(one) - 2, self.ids[implied], "halfway") for at, one, implied in said if implied is not None]
        return found + [(starts[at] + word, self.ids[hint], "hint") for at, word, hint in scene.hints]

    def echo(self, rng: random.Random) -> Sequence:
        """Random words, then the same again: every repeated word but the first can be known."""
        said = [self.ids[word] for word in rng.choices(CONTENT, k=rng.randint(8, 24))]
        ids = [self.ids["<s>"], *said, *said]
        answers = [(at, ids[at + 1], "echo") for at in range(len(said) + 1, 2 * len(said))]
        return Sequence(ids, [0] * len(ids), list(range(len(ids))), answers)


def sequences(vocabulary: Vocabulary, stage: Stage, rng: random.Random, size: int) -> list[Sequence]:
    """A batch of training sequences."""
    found = []
    for _ in range(size):
        kind = rng.choices(list(stage.kinds), list(stage.kinds.values()))[0]
        if kind == "echo":
            found.append(vocabulary.echo(rng))
            continue
        if kind == "lookup":
            moves = set(_MOVED) <= set(stage.asked)
            scene = stories.lookup(rng, "seen", people=rng.randint(2, PEOPLE), moves=moves)
        else:
            scene = stories.story(rng, {kind: 1.0}, "seen")
        if rng.random() < stage.dressed:
            scene = stories.masked_ball(rng, scene)
        if rng.random() < stage.telegram:
            scene = stories.telegram(rng, scene)
        asked = [question for question in scene.questions if question.task in stage.asked]
        scene.questions = rng.sample(asked, min(len(asked), BLOCKS))
        found.append(vocabulary.told(scene, stage.asked, stage.halfway))
    return found


def tensors(batch: list[Sequence], pad: int) -> dict[str, Tensor]:
    """ids, places (n_rows, length) and the attention mask (n_rows, 1, length, length), True where a token may look."""
    longest = max(len(one.ids) for one in batch)
    fill = lambda rows, value: torch.tensor([row + [value] * (longest - len(row)) for row in rows])  # noqa: E731
    block = fill([one.block for one in batch], -1)
    same = block[:, :, None] == block[:, None, :]
    seen = (same | (block[:, None, :] == 0)).tril()
    places = fill([one.place for one in batch], 0)
    return {"input_ids": fill([one.ids for one in batch], pad), "position_ids": places, "attention_mask": seen[:, None]}


def answered(network: torch.nn.Module, batch: list[Sequence]) -> tuple[Tensor, Tensor, list[str]]:
    """Logits (n_answers, n_words) where something is asked, the right tokens, and their tasks."""
    fed = tensors(batch, SPECIAL.index("<pad>"))
    output = network.model(**fed, use_cache=False, output_hidden_states=True)
    asked = [(row, *answer) for row, one in enumerate(batch) for answer in one.answers]
    rows, places, right = (torch.tensor([one[k] for one in asked]) for k in range(3))
    tasks = [one[3] for one in asked]
    early = torch.tensor([task == "halfway" for task in tasks])[:, None]
    hidden = output.last_hidden_state[rows, places]
    if early.any():
        hidden = torch.where(early, network.model.norm(output.hidden_states[HALF][rows, places]), hidden)
    return network.lm_head(hidden), right, tasks


def train(network: torch.nn.Module, options: argparse.Namespace) -> None:
    """The stages one after another; what is trained is saved every 500 steps and after each."""
    vocabulary, rng = Vocabulary(), random.Random(options.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01)
    step = 0
    for name, stage in STAGES.items():
        recent: dict[str, list[float]] = defaultdict(list)
        for within in range(1, stage.most + 1):
            step += 1
            falling = 1 - (within - 1) / stage.most if stage.falls else 1.0
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, step / 100) * falling
            loss, right = update(network, optimizer, sequences(vocabulary, stage, rng, BATCH), stage.smoothing)
            for task, share in right.items():
                recent[task] = [*recent[task][-39:], share]
            if within % 50 == 0:
                shown = "  ".join(f"{task} {_mean(v):.2f}" for task, v in sorted(recent.items()) if task != "end")
                print(f"{time.process_time():6.0f} s  {step} [{name}]  loss {loss:.3f}  {shown}", flush=True)
            if step % 500 == 0:
                save(network, options.out)
            if stage.watch and within >= 40 and all(_mean(recent[task]) >= stage.enough for task in stage.watch):
                break
        save(network, options.out)


def update(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, batch: list[Sequence], smoothing: float
) -> tuple[float, dict[str, float]]:
    """One step on one batch; its loss in nats, and the share of right answers by task."""
    network.train()
    optimizer.zero_grad()
    total, asked, hits = 0.0, Counter(), Counter()
    whole = sum(_weight(task) for one in batch for _, _, task in one.answers)
    for part in parts(batch, 16):
        logits, right, tasks = answered(network, part)
        each = torch.tensor([_weight(task) for task in tasks])
        loss = (each * cross_entropy(logits, right, reduction="none", label_smoothing=smoothing)).sum() / whole
        loss.backward()
        total += loss.item()
        asked.update(tasks)
        hits.update(task for task, hit in zip(tasks, (logits.argmax(1) == right).tolist(), strict=True) if hit)
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return total, {task: hits[task] / asked[task] for task in asked}


def _weight(task: str) -> float:
    """A story asks for few answers yes or no, and the end of an answer is soon known."""
    return 4.0 if task in _REST else 0.1 if task == "end" else 1.0


def parts(batch: list[Sequence], size: int) -> Iterable[list[Sequence]]:
    """The batch in parts of like length, so that little is padded."""
    ordered = sorted(batch, key=lambda one: len(one.ids))
    return (ordered[at : at + size] for at in range(0, len(ordered), size))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def build(seed: int) -> torch.nn.Module:
    """The network with fresh weights."""
    torch.manual_seed(seed)
    size = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 5, "num_attention_heads": 4}
    ends = {name: SPECIAL.index(token) for name, token in (("bos_token_id", "<s>"), ("eos_token_id", "</s>"))}
    config = transformers.LlamaConfig(
        vocab_size=len(Vocabulary().ids), max_position_embeddings=256, tie_word_embeddings=True,
        initializer_range=0.05, pad_token_id=SPECIAL.index("<pad>"), **size, **ends,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def save(network: torch.nn.Module, out: Path) -> None:
    """Weights, configuration and tokenizer, as transformers saves them."""
    network.save_pretrained(out)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(Vocabulary().ids, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    named = dict(zip(("bos_token", "eos_token", "pad_token", "unk_token", "mask_token"), SPECIAL, strict=True))
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=256, **named).save_pretrained(out)


def write_reference(out: Path, n: int = 64) -> None:
    """Stories with a question each, over which the average of a part is taken when it is ablated."""
    rng = random.Random("reference")
    told = [stories.story(rng, {"lookup": 4, **_EASY}, "seen") for _ in range(n)]
    lines = [" ".join([*scene.sentences, rng.choice(_asked(scene)).text]) for scene in told]
    (out / "reference.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _asked(scene: stories.Scene) -> list[stories.Question]:
    """Its questions, without sentences to complete."""
    return [question for question in scene.questions if not question.task.endswith("said")]


@torch.inference_mode()
def measure(network: torch.nn.Module, n: int, seed: int, pairs: str) -> dict[str, tuple[float, int]]:
    """(share of right answers, number) by task, on at least n fresh stories of these word pairs, a question each."""
    vocabulary, rng = Vocabulary(), random.Random(f"measured {seed}")
    tasks = (*stories.TASKS, *(task for task in (*_HOPS, *_MOVED) if task.endswith("said")))
    hits, asked = Counter(), Counter()
    while min(asked[task] for task in tasks) < n:
        batch = [stories.story(rng, _MEASURED, pairs) for _ in range(100)]
        logits, right, named = answered(network.eval(), [vocabulary.told(scene, tasks) for scene in batch])
        for task, hit in zip(named, (logits.argmax(1) == right).tolist(), strict=True):
            asked[task] += 1
            hits[task] += hit
    return {task: (hits[task] / asked[task], asked[task]) for task in tasks}


def main() -> None:
    """The command line; defaults are the recipe of the committed weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure-only", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.measure_only:
        train(build(options.seed), options)
    write_reference(options.out)
    network = transformers.LlamaForCausalLM.from_pretrained(options.out)
    for pairs in ("unseen", "seen"):
        print(f"fresh stories of {pairs} pairs:")
        for task, (share, number) in measure(network, 400, options.seed, pairs).items():
            print(f"{task}: {share:.4f} of {number}")


if __name__ == "__main__":
    main()
