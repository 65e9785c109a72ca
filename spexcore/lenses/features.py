"""Features of texts from a frozen encoder, kept on disk: the next question about the same texts waits for nothing."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spexcore.assets import home
from spexcore.game import content_key

if TYPE_CHECKING:
    from spexcore.models import LanguageModel

Features = NDArray[np.float32]

RECIPE = 1  # raised when a release changes the features beyond rounding
_KEPT = 64  # files of features; the oldest go first
_WORTH_KEEPING = 32  # texts


class Encoder(Protocol):
    """What turns texts into features: a name, the sha256 of what it is made of, and the call."""

    @property
    def id(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def recipe(self) -> dict[str, Any]:
        """The `model` of a lens' recipe."""

    def features(self, texts: list[str]) -> tuple[Features, int]:
        """(n_texts, width), and how many texts were cut for length."""


@dataclass(frozen=True, eq=False)
class FrozenEncoder:
    """The mean of a model's last hidden states, scaled to length one; its weights never change."""

    model: "LanguageModel"

    id = property(lambda self: self.model.id)
    sha256 = property(lambda self: content_key([self.model.sha256, self.model.dtype, RECIPE]))

    @property
    def recipe(self) -> dict[str, Any]:
        return self.model.recipe

    def features(self, texts: list[str]) -> tuple[Features, int]:
        """From disk where these texts were seen before, else computed and kept."""
        from spexcore.models.embedding import embed

        path = home() / "features" / f"{content_key([self.sha256, texts])}.npy"
        if (kept := _read(path, len(texts))) is not None:
            return kept[:, 1:], int(kept[:, 0].sum())
        found = embed(self.model, texts)
        if len(texts) >= _WORTH_KEEPING:
            _keep(path, np.column_stack([found.cut, found.features]))
        return found.features, int(found.cut.sum())


def encoder_of(encoder: Any) -> Encoder:
    """A FrozenEncoder of a name, folder or loaded model; an Encoder as it is."""
    if hasattr(encoder, "features"):
        return encoder
    from spexcore.models import LanguageModel

    return FrozenEncoder(encoder if isinstance(encoder, LanguageModel) else LanguageModel.load(encoder))


def _read(path: Path, n_texts: int) -> Features | None:
    """What was kept, or None where nothing whole was."""
    with suppress(OSError, ValueError, EOFError):
        array = np.load(path, allow_pickle=False)
        if array.dtype == np.float32 and array.ndim == 2 and len(array) == n_texts:
            return array
    return None


def _keep(path: Path, array: NDArray[Any]) -> None:
    """Write, where it can be written: features can always be computed again."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.part")
        with draft.open("wb") as file:
            np.save(file, array.astype(np.float32), allow_pickle=False)
        os.replace(draft, path)
        for old in sorted(path.parent.glob("*.npy"), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            old.unlink()
