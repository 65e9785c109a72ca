"""A run repeated from the store: what it costs to ask again what was paid."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from spexcore.game import MeteredGame
from spexcore.store import Store

TEXT = "Ann is happy. Bob is not happy. Cora is happy. Dan is not happy. Is Bob happy? "


def repeated(n_masks: int) -> dict[str, Any]:
    """Masks on the embedded story model, then again by another lens that only shares the store on disk.

    {"masks", "words", "first" and "again": {"seconds", "forwards"}}
    """
    masks = np.random.default_rng(0).random((n_masks, len(TEXT.split()))) < 0.5
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: _run(masks, Path(folder, "store.sqlite")) for name in ("first", "again")}
    return {"masks": n_masks, "words": masks.shape[1], **runs}


def _run(masks: np.ndarray, path: Path) -> dict[str, Any]:
    """Processor seconds from masks to values, with the store opened in them and the model not loaded."""
    from spexcore.lenses import PromptLens
    from spexcore.models import LanguageModel

    lens = PromptLens(LanguageModel.load("clues"), TEXT, target=" no", ablation="mask")
    before, started = lens.forwards, time.process_time()
    store = Store(path)
    MeteredGame(lens, memory=store.memory(lens.key))(masks)
    seconds = time.process_time() - started
    store.close()
    return {"seconds": seconds, "forwards": lens.forwards - before}
