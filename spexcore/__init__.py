"""Find which combinations of parts drive a language model's output, and check them by re-ablation."""

# Functions that share their module's name are imported here on purpose: the package attribute is the function.
from spexcore.errors import BadBudget, BadInput, BadModel, BadRunFile, BadValue, Cancelled, SpexError, StoreError
from spexcore.estimators import (
    ESTIMATORS,
    LIME,
    Banzhaf,
    Estimator,
    Exact,
    KernelSHAP,
    Lasso,
    LeaveOneOut,
    MaskEstimator,
    Pairwise,
    WalshGP,
)
from spexcore.explain import Step, explain
from spexcore.explanation import Explanation
from spexcore.faithfulness import Faithfulness
from spexcore.game import FunctionGame, Game, MeteredGame, TableGame
from spexcore.interactions import Interactions
from spexcore.spectrum import Spectrum
from spexcore.store import Store
from spexcore.validation import Validation, validate

__all__ = [
    "ESTIMATORS",
    "LIME",
    "BadBudget",
    "BadInput",
    "BadModel",
    "BadRunFile",
    "BadValue",
    "Banzhaf",
    "Cancelled",
    "Estimator",
    "Exact",
    "Explanation",
    "Faithfulness",
    "FunctionGame",
    "Game",
    "Interactions",
    "KernelSHAP",
    "Lasso",
    "LeaveOneOut",
    "MaskEstimator",
    "MeteredGame",
    "Pairwise",
    "SpexError",
    "Spectrum",
    "Step",
    "Store",
    "StoreError",
    "TableGame",
    "Validation",
    "WalshGP",
    "explain",
    "validate",
]
__all__ = sorted(set(__all__))
