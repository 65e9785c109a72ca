"""What can go wrong, as a tree. Each message names the parameter, the requirement, the value, and the way out.

SpexError                  everything this package raises on purpose
├── BadInput               what was asked cannot be done as asked (exit status 2)
│   ├── BadBudget          too few or too many masks
│   ├── BadModel           a model that cannot be found, read or trusted
│   └── BadRunFile         a saved explanation that is truncated, of another schema, or not one at all
├── BadValue               a game returned NaN, infinity or the wrong number of values
├── StoreError             the store on disk is locked, corrupt or unwritable
└── Cancelled              somebody pressed stop; what was paid is kept
"""


class SpexError(Exception):
    """Something this package knows how to explain in one sentence."""


class BadInput(SpexError, ValueError):
    """The request itself must change."""


class BadBudget(BadInput):
    """The number of masks is outside what the estimator or the game allows."""


class BadModel(BadInput):
    """The model cannot be loaded."""


class BadRunFile(BadInput):
    """The file is not an explanation this version can read."""


class BadValue(SpexError, ValueError):
    """The game returned something that is not a finite number per mask."""


class StoreError(SpexError):
    """The store cannot be read or written."""


class Cancelled(SpexError):
    """The run was stopped on request."""
