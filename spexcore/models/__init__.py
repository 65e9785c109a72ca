"""Language models and everything torch: loading, ablated inputs, scores. The only package that imports torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spexcore.models.available import listing as listing
    from spexcore.models.language_model import LanguageModel as LanguageModel

__all__ = ["LanguageModel", "listing"]


def __getattr__(name: str) -> Any:
    """LanguageModel on first use: importing torch takes seconds, and listing lenses or models must not."""
    if name == "LanguageModel":
        from spexcore.models.language_model import LanguageModel

        return LanguageModel
    if name == "listing":
        from spexcore.models.available import listing

        return listing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
