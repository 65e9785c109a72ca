"""Estimators: each recovers a sparse spectrum from a budget of masks, and none knows what game it serves."""

from spexcore.estimators.banzhaf import Banzhaf
from spexcore.estimators.base import Estimator, MaskEstimator
from spexcore.estimators.exact import Exact
from spexcore.estimators.kernel_shap import KernelSHAP
from spexcore.estimators.lasso import Lasso
from spexcore.estimators.leave_one_out import LeaveOneOut
from spexcore.estimators.lime import LIME
from spexcore.estimators.pairwise import Pairwise
from spexcore.estimators.proxyspex import ProxySPEX
from spexcore.estimators.spex import SPEX
from spexcore.estimators.stack import StackSPEX
from spexcore.estimators.walsh_gp import WalshGP

#: Name on the command line -> class. The contract suite runs on every one of them.
ESTIMATORS: dict[str, type[Estimator]] = {
    "exact": Exact,
    "proxyspex": ProxySPEX,
    "banzhaf": Banzhaf,
    "lasso": Lasso,
    "leaveoneout": LeaveOneOut,
    "kernelshap": KernelSHAP,
    "lime": LIME,
    "pairwise": Pairwise,
    "walshgp": WalshGP,
    "spex": SPEX,
    "stackspex": StackSPEX,
}

__all__ = [
    "ESTIMATORS",
    "Banzhaf",
    "Estimator",
    "Exact",
    "KernelSHAP",
    "LIME",
    "Lasso",
    "LeaveOneOut",
    "MaskEstimator",
    "Pairwise",
    "ProxySPEX",
    "SPEX",
    "StackSPEX",
    "WalshGP",
]
