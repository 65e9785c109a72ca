"""Which models can be used here without a network: embedded, in the local hub cache, in a folder. Loads no torch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spexcore.errors import BadInput, SpexError
from spexcore.models.embedded import EMBEDDED
from spexcore.models.files import weights

Row = dict[str, Any]


def listing(folder: Path | str | None = None) -> list[Row]:
    """One row a model: name, where, kind (classifier, causal, encoder), megabytes, and a note: labels, or what hinders.

    folder: one model, or a folder of models, to list too.
    """
    return [*_embedded(), *_cached(), *(_in_folder(Path(folder).expanduser()) if folder is not None else ())]


def _embedded() -> Iterator[Row]:
    for name, known in EMBEDDED.items():
        try:
            size, note = _megabytes(known.folder), known.summary
        except (SpexError, OSError) as error:
            size, note = 0.0, f"not usable: {error}"
        yield {"name": name, "where": "embedded", "kind": known.kind, "megabytes": size, "note": note}


def _cached() -> Iterator[Row]:
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:  # the folder by name: scan_cache_dir keeps the one there was when it was first imported
        repositories = sorted(scan_cache_dir(constants.HF_HUB_CACHE).repos, key=lambda one: one.repo_id)
    except (CacheNotFound, OSError):
        return
    for repository in repositories:
        newest = max(repository.revisions, key=lambda one: one.last_modified, default=None)
        if repository.repo_type == "model" and newest is not None and (newest.snapshot_path / "config.json").is_file():
            yield _row(repository.repo_id, "hub cache", newest.snapshot_path)


def _in_folder(folder: Path) -> Iterator[Row]:
    if not folder.is_dir():
        raise BadInput(f"`folder` must be a folder of models; {str(folder)!r} is none.")
    inside = [folder] if (folder / "config.json").is_file() else sorted(folder.iterdir())
    for one in inside:
        if (one / "config.json").is_file():
            yield _row(str(one), "folder", one)


def _row(name: str, where: str, folder: Path) -> Row:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        size, note = _megabytes(folder), ", ".join(map(str, (config.get("id2label") or {}).values()))
    except (SpexError, OSError, ValueError) as error:
        config, size, note = {}, 0.0, f"not usable: {error}"
    kind = kind_of((config.get("architectures") or [""])[0])
    return {"name": name, "where": where, "kind": kind, "megabytes": size, "note": note if kind != "causal" else ""}


def kind_of(architecture: str) -> str:
    """What a class of transformers answers: "classifier" a label, "causal" the next token, "encoder" neither."""
    if architecture.endswith("ForSequenceClassification"):
        return "classifier"
    return "causal" if architecture.endswith(("ForCausalLM", "LMHeadModel")) else "encoder"


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in weights(folder)) / 1e6, 1)
