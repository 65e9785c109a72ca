"""Find which combinations of parts drive a language model's output, and check them by re-ablation."""

# Functions that share their module's name are imported here on purpose: the package attribute is the function.
from spexcore.comparison import Comparison, compare
from spexcore.errors import BadBudget, BadInput, BadModel, BadRunFile, BadValue, Cancelled, SpexError, StoreError
from spexcore.estimators import (
    ESTIMATORS,
    LIME,
    SPEX,
    Banzhaf,
    Estimator,
    Exact,
    KernelSHAP,
    Lasso,
    LeaveOneOut,
    MaskEstimator,
    Pairwise,
    ProxySPEX,
    StackSPEX,
    WalshGP,
)
from spexcore.explain import Step, explain
from spexcore.explanation import Explanation
from spexcore.faithfulness import Faithfulness
from spexcore.game import FunctionGame, Game, MeteredGame, TableGame
from spexcore.interactions import Interactions
from spexcore.same_masks import SameMasks, same_masks
from spexcore.spectrum import Spectrum
from spexcore.store import Store
from spexcore.validation import Confirmation, Validation, confirm, validate

__all__ = [
    "BadBudget",
    "BadInput",
    "BadModel",
    "BadRunFile",
    "BadValue",
    "Banzhaf",
    "Cancelled",
    "Comparison",
    "Confirmation",
    "ESTIMATORS",
    "Estimator",
    "Exact",
    "Explanation",
    "Faithfulness",
    "FunctionGame",
    "Game",
    "Interactions",
    "KernelSHAP",
    "LIME",
    "Lasso",
    "LeaveOneOut",
    "MaskEstimator",
    "MeteredGame",
    "Pairwise",
    "ProxySPEX",
    "SPEX",
    "SameMasks",
    "Spectrum",
    "SpexError",
    "StackSPEX",
    "Step",
    "Store",
    "StoreError",
    "TableGame",
    "Validation",
    "WalshGP",
    "compare",
    "confirm",
    "explain",
    "same_masks",
    "validate",
]
