"""One thread for the linear algebra of estimators: they fit small systems, often, beside a model that has the cores."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[object]:
    """Linear algebra on one thread until the block ends, so that a seed gives one answer on any machine.

    Small fits on several threads wait for each other more than they work, and add up in another order.
    """
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _libraries() -> Any:
    """The libraries behind numpy and scipy, which each bring their own; looking for them takes milliseconds."""
    import scipy.linalg  # noqa: F401  # loaded, or it would not be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
