"""Prompts of the benchmarks: reviews of the SPEX paper's sentiment task, asked of the embedded model."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spexcore.errors import BadInput
from spexcore.game import MeteredGame

if TYPE_CHECKING:
    from spexcore.lenses import PromptLens


def reviews(folder: Path) -> list[str]:
    """Every review of a folder that holds `spex/sentiment.csv`, fewest words first."""
    path = folder / "spex" / "sentiment.csv"
    if not path.is_file():
        raise BadInput(f"`data` must be a folder with spex/sentiment.csv; {folder} has none. Name it with --data.")
    with path.open(encoding="utf-8", newline="") as file:
        texts = [line["review"].strip('"') for line in csv.DictReader(file)]
    return sorted(texts, key=lambda text: len(text.split()))


def prompts(folder: Path, n_words: int, count: int) -> list[str]:
    """The first n_words of the `count` shortest reviews that have so many."""
    long_enough = [words for words in map(str.split, reviews(folder)) if len(words) >= n_words]
    return [" ".join(words[:n_words]) for words in long_enough[:count]]


def prompt_lens(text: str) -> "PromptLens":
    """The words of a text as players, for the embedded sentiment model."""
    from spexcore.lenses import PromptLens

    return PromptLens(_model(), text, target="POSITIVE", spans="words", ablation="mask")


def prompt_game(text: str) -> MeteredGame:
    """That lens, which pays once for each mask whoever asks."""
    return MeteredGame(prompt_lens(text))


@lru_cache(maxsize=1)
def _model() -> Any:
    from spexcore.models import LanguageModel

    return LanguageModel.load("sentiment")
