"""The files a model is made of: which there are, what they hash to."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from spexcore.errors import BadModel

_BLOB = re.compile(r"[0-9a-f]{64}")
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
# Everything a value depends on besides the weights; documentation and training state do not count.
_SETTINGS = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja"),
)


def file_sha256(path: Path) -> str:
    """sha256 hex of a file; read once in a process for each size and time of change."""
    real = path.resolve()
    if _BLOB.fullmatch(real.name) and real.parent.name == "blobs":
        return real.name  # the hub cache names large files by their sha256
    status = real.stat()
    return _hashed(real, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _hashed(path: Path, size: int, changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights(folder: Path) -> list[Path]:
    """The safetensors files of a folder; raises BadModel where there are none or only pickles."""
    found = sorted(folder.glob("*.safetensors"))
    if not found and any(next(folder.glob(pattern), None) for pattern in _PICKLED):
        raise BadModel(
            f"`model` must have safetensors weights; {folder.name!r} has only pickled ones, which can run code when "
            "read. Convert them: https://huggingface.co/spaces/safetensors/convert."
        )
    if not found:
        raise BadModel(f"`model` must be a folder with config.json and *.safetensors; {str(folder)!r} has no weights.")
    return found


def model_sha256(*folders: Path) -> str:
    """sha256 over names and hashes of every file the model's values depend on, in one or more folders."""
    paths = [path for folder in folders for path in (*weights(folder), *(folder / name for name in _SETTINGS))]
    lines = [f"{path.name} {file_sha256(path)}\n" for path in paths if path.is_file()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
