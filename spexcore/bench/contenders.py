"""The methods that the estimator benchmark compares: ours, the baselines people know, and the released ones."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spexcore.estimators import SPEX, Banzhaf, KernelSHAP, Lasso, MaskEstimator, ProxySPEX, StackSPEX, WalshGP
from spexcore.game import Game, Values
from spexcore.masks import Masks
from spexcore.spectrum import Spectrum
from spexcore.transforms import mobius_to_fourier

#: What the ratios are taken against, when it is installed; and whose masks are counted beside its.
REFERENCE = "ProxySPEX (shapiq)"
RELEASED_SPEX = "SPEX (shapiq)"


class Predictor(Protocol):
    """What a fit returns: values (n_masks,) of masks (n_masks, n_players)."""

    def predict(self, masks: Masks) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Contender:
    """A method by name. fit: game, masks, their values, seed -> predictor; largest: n_masks * n_players it is run on.

    first_seed: run on one seed only, because it takes a minute and more.
    """

    name: str
    fit: Callable[[Game, Masks, Values, int], Predictor]
    largest: float = np.inf
    first_seed: bool = False


def contenders() -> list[Contender]:
    """Ours first, then baselines, then the released ones that can be imported here."""
    ours = [
        _ours("StackSPEX", StackSPEX()),
        _ours("WalshGP", WalshGP()),
        _ours("ProxySPEX", ProxySPEX(), 2e6),
        _ours("Lasso 1", Lasso()),
        _ours("Lasso 2", Lasso(order=2)),
        _ours("Banzhaf", Banzhaf()),
        Contender("KernelSHAP", _kernel_shap),
        Contender("LightGBM", _lightgbm),
        Contender("SPEX", _spex),
    ]
    released = [
        ("shapiq", Contender(REFERENCE, _shapiq, 2e5)),
        ("shapiq", Contender(RELEASED_SPEX, _shapiq_spex, 2e5)),
        ("spectralexplain", Contender("ProxySPEX (spectralexplain)", _spectralexplain, 5e4, first_seed=True)),
    ]
    return ours + [contender for package, contender in released if find_spec(package)]


def versions() -> dict[str, str]:
    """Of the packages behind the numbers, those that are installed."""
    names = ("spexcore", "numpy", "scipy", "scikit-learn", "lightgbm", "shapiq", "spectralexplain")
    modules = {"scikit-learn": "sklearn"}
    return {name: version(name) for name in names if find_spec(modules.get(name, name))}


def _ours(name: str, estimator: MaskEstimator, largest: float = np.inf) -> Contender:
    return Contender(name, lambda game, masks, values, seed: estimator.fit(masks, values, seed=seed), largest)


def _kernel_shap(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """Draws its own masks, as many: the Shapley kernel wants other sizes than uniform ones."""
    return KernelSHAP().estimate(game, budget=max(len(masks), KernelSHAP().min_budget(game.n_players)), seed=seed)


def _spex(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """Draws its own masks, as many."""
    return SPEX().estimate(game, budget=len(masks), seed=seed)


@dataclass(frozen=True)
class _Trees:
    model: Any

    def predict(self, masks: Masks) -> NDArray[np.float64]:
        return np.asarray(self.model.predict(masks.astype(np.float64)), dtype=np.float64)


def _lightgbm(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """With the defaults of the library."""
    from lightgbm import LGBMRegressor

    model = LGBMRegressor(verbose=-1, n_jobs=1, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return _Trees(model.fit(masks.astype(np.float64), values))


def _shapiq(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """As released: it draws its own masks, as many, from the same seed."""
    from shapiq import ProxySPEX as Released

    return _released(Released(n=game.n_players, random_state=seed), game, len(masks))


def _shapiq_spex(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """As released: at most as many masks, of its own; they come from the random state of the process."""
    from shapiq import SPEX as Released

    np.random.seed(seed)  # noqa: NPY002  # it has no seed of its own
    return _released(Released(n=game.n_players), game, len(masks))


def _released(method: Any, game: Game, budget: int) -> Spectrum:
    """FBII of order n, which they return, is the Moebius transform."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")
        found = method.approximate(budget, lambda rows: game(np.asarray(rows, dtype=bool)))
    moebius = {tuple(sorted(map(int, c))): float(found.values[k]) for c, k in found.interaction_lookup.items()}
    return Spectrum(mobius_to_fourier(moebius), game.players)


def _spectralexplain(game: Game, masks: Masks, values: Values, seed: int) -> Predictor:
    """Its own fit, on the masks given."""
    from spectralexplain.utils import proxy_spex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = proxy_spex((masks.astype(int), values), max_order=5)
    return Spectrum({tuple(np.flatnonzero(c).tolist()): float(f) for c, f in found.items()}, game.players)
