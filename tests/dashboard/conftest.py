"""Explanations to draw: one of a sentence whose terms are known, and any other made from its Moebius terms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import streamlit as st
from film import SENTENCE, TERMS, WORDS

from dashboard import loaders, settings
from spexcore.claims import Spread
from spexcore.explanation import Explanation
from spexcore.faithfulness import Faithfulness
from spexcore.masks import Coalition
from spexcore.spectrum import Spectrum
from spexcore.transforms import mobius_to_fourier

Make = Callable[..., Explanation]


@pytest.fixture
def fresh_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server that remembers nothing, and the empty folder of its presets; its jobs are stopped at the end."""
    folder = tmp_path / "presets"
    monkeypatch.setattr(settings, "PRESETS", folder)
    st.cache_resource.clear()
    yield folder
    for job in list(loaders.jobs()._jobs.values()):
        job.stop()


@pytest.fixture
def make() -> Make:
    """Explanation of players and Moebius terms, as `make(players, terms, text=..., **fields)`."""

    def made(
        players: Sequence[str], terms: Mapping[Coalition, float], *, text: str = "", **fields: object
    ) -> Explanation:
        recipe = {"lens": "prompt", "text": text or " ".join(players), "spans": "words", "target": "POSITIVE"}
        settings: dict[str, object] = {
            "spectrum": Spectrum(mobius_to_fourier(terms), tuple(players)),
            "estimator": {"name": "WalshGP", "parameters": {}},
            "seed": 0,
            "masks": "mixed",
            "budget": 512,
            "verify": 10,
            "masks_asked": 512,
            "masks_paid": 500,
            "held_out_paid": 512,
            "seconds": 4.2,
            "faithfulness": Faithfulness(0.9, 0.8, 0.3, 0.2, 512),
            "doubt": Spread({1: 0.2, 2: 0.3, 3: 0.4, 4: 0.5}, {}),
            "recipe": recipe,
            "key": "k",
        }
        return Explanation(**{**settings, **fields})  # type: ignore[arg-type]

    return made


@pytest.fixture
def example(make: Make) -> Explanation:
    """The sentence about the film: "not" and "bad" interact, (3, 4) was measured."""
    return make(WORDS, TERMS, text=SENTENCE, measured={(3, 4): 9.6})
