"""Models of the Hugging Face hub: from the local cache, else downloaded; each way to fail is one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spexcore.errors import BadModel

_READ = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja"]


def find(name: str, revision: str | None) -> tuple[Path, str | None]:
    """Folder and commit of a model by path or by hub id; a path has no commit."""
    if (folder := Path(name).expanduser()).is_dir():
        return folder, None
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise BadModel(f"`model` must be a name of `spex models`, a folder or a hub id; {name!r} is none of them.")
    snapshot = _cached(name, revision) or _downloaded(name, revision)
    return snapshot, snapshot.name


def _cached(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    with _explained(name, revision), suppress(LocalEntryNotFoundError):
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=_READ, local_files_only=True))
        return folder if (folder / "config.json").is_file() else None
    return None


def _downloaded(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    with _explained(name, revision):
        return Path(snapshot_download(name, revision=revision, allow_patterns=_READ))


@contextmanager
def _explained(name: str, revision: str | None) -> Iterator[None]:
    """The hub's errors in one sentence; a miss of the local cache passes through while only the cache is asked."""
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise BadModel(f"`model` must be a name of `spex models`, a folder or a hub id, not {name!r}.") from error
    except errors.GatedRepoError as error:
        raise BadModel(f"`model` {name!r} is gated: accept its terms at hf.co/{name}, then `hf auth login`.") from error
    except errors.RevisionNotFoundError as error:
        raise BadModel(f"`revision` {revision!r} does not exist for the model {name!r}.") from error
    except errors.RepositoryNotFoundError as error:
        raise BadModel(f"`model` {name!r} is not on the hub, or it is private (`hf auth login`).") from error
    except OSError as error:  # no network, a proxy, a timeout: HfHubHTTPError and LocalEntryNotFoundError are OSErrors
        raise BadModel(
            f"`model` {name!r} is neither embedded nor in the local hub cache, and the hub cannot be reached; "
            f"with a network run `hf download {name}`, or give a folder."
        ) from error
