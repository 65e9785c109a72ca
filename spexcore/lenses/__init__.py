"""Lenses: questions about a model, each a Game. `build` makes one again from its recipe."""

from collections.abc import Mapping
from typing import Any

from spexcore.errors import BadInput
from spexcore.game import Game
from spexcore.lenses.components import ComponentLens
from spexcore.lenses.prompt import PromptLens
from spexcore.lenses.synthetic import MajorityGame, SyntheticGame
from spexcore.lenses.training import TrainingLens

__all__ = ["LENSES", "ComponentLens", "PromptLens", "TrainingLens", "build"]

#: The lenses on screen and in the CLI, by name.
LENSES: dict[str, type[Game]] = {"prompt": PromptLens, "components": ComponentLens, "training": TrainingLens}


def build(recipe: Mapping[str, Any], model: Any = None) -> Game:
    """The game of a recipe. model: a LanguageModel already loaded; by default the one the recipe names is loaded."""
    lens = recipe.get("lens")
    settings = {name: value for name, value in recipe.items() if name not in ("lens", "model")}
    settings.pop("unit", None)
    if lens == "prompt":
        return PromptLens(model or _model(recipe), settings.pop("text"), **settings)
    if lens == "training":
        return _training(recipe, settings, model)
    if lens == "components":
        return ComponentLens(model or _model(recipe), **settings)
    if lens == "synthetic":
        terms = {tuple(coalition): weight for coalition, weight in settings.pop("terms")}
        return SyntheticGame(settings.pop("n_players"), terms, **settings)
    if lens == "majority":
        return MajorityGame(settings["n_players"])
    raise BadInput(f"`recipe` must name a lens, one of {', '.join((*LENSES, 'synthetic', 'majority'))}; got {lens!r}.")


def _training(recipe: Mapping[str, Any], settings: dict[str, Any], model: Any) -> Game:
    if settings.get("texts") is None:
        raise BadInput("`recipe` must hold the training texts; these were too many for a run file. Explain them again.")
    return TrainingLens(settings.pop("texts"), settings.pop("labels"), encoder=model or _model(recipe), **settings)


def _model(recipe: Mapping[str, Any]) -> Any:
    """The model of a recipe; raises BadInput when its files have changed since."""
    from spexcore.models import LanguageModel

    asked = recipe["model"]
    spread = "auto" if asked.get("device") == "auto" else None  # one device is chosen anew, on this machine
    model = LanguageModel.load(asked["id"], revision=asked.get("revision"), dtype=asked["dtype"], device=spread)
    if asked.get("sha256") not in (None, model.sha256):
        raise BadInput(
            f"`model` {model.id!r} must be the one of the recipe, sha256 {asked['sha256'][:12]}...; this one has "
            f"{model.sha256[:12]}.... Run the explanation again."
        )
    return model
