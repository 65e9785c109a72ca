"""Language models and everything torch: loading, ablated inputs, scores. The only package that imports torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spexcore.models.language_model import LanguageModel as LanguageModel

__all__ = ["LanguageModel"]


def __getattr__(name: str) -> Any:
    """LanguageModel on first use: importing torch takes seconds, and listing lenses must not."""
    if name == "LanguageModel":
        from spexcore.models.language_model import LanguageModel

        return LanguageModel
    raise AttributeError(name)
