"""What a short number format costs: values of some masks against those of the same model in float32."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spexcore.errors import SpexError
from spexcore.models.language_model import LanguageModel
from spexcore.models.running import out_of_memory
from spexcore.models.scoring import Values


@dataclass(frozen=True)
class Rounding:
    """rmse of the short format's values over n_masks masks, and the spread (standard deviation) of the values there."""

    dtype: str
    rmse: float
    spread: float
    n_masks: int

    @property
    def share(self) -> float:
        """rmse as a share of the spread; 0 when nothing differs, infinite where the values do not vary."""
        return self.rmse / self.spread if self.spread else (float("inf") if self.rmse else 0.0)

    @property
    def note(self) -> str:
        """What it means for an explanation, in one sentence."""
        ceiling = max(0.0, 1 - self.share**2)
        return (
            f"{self.dtype} moves values by {self.rmse:.2g} (rmse over {self.n_masks} masks), {self.share:.1%} of their "
            f"spread: an R2 above {ceiling:.4f} against float32 is out of reach."
        )


def measured(model: LanguageModel, short: Values, values_by: Callable[[LanguageModel], Values]) -> str:
    """The note on a model in a short format; short: its values; values_by: those of the same masks by another model."""
    device = "auto" if model.spread else model.device
    try:
        exact = values_by(LanguageModel.load(model.id, revision=model.revision, dtype="float32", device=device))
    except SpexError as error:  # a model made in memory, or a folder that has gone
        return f"What {model.dtype} costs in exactness is unknown: the model could not be loaded in float32 ({error})"
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        return f"What {model.dtype} costs in exactness is unknown: {model.device} has no memory for float32 beside it."
    return Rounding(model.dtype, float(np.sqrt(np.mean((short - exact) ** 2))), float(exact.std()), len(short)).note
