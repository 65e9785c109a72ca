"""Options of the prompt lens, and of every lens that puts a text to a model."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from spexcore.errors import BadInput
from spexcore.game import Game

if TYPE_CHECKING:
    from spexcore.models import LanguageModel


def options(parser: argparse.ArgumentParser) -> None:
    """What `spex explain --lens prompt` takes."""
    model_options(parser)
    question_options(parser)
    add = parser.add_argument
    add("--spans", default="words", help="tokens, words, sentences, lines or marked ([[double brackets]])")
    add("--ablation", default="auto", help="mask, remove, drop, pad, unk, mean or word:x (default: mask, else remove)")


def game(options: argparse.Namespace) -> Game:
    """The game these options describe."""
    from spexcore.lenses import PromptLens

    asked = {"target": options.target, "versus": options.versus}
    return PromptLens(model(options), text(options), **asked, spans=options.spans, ablation=options.ablation)


def model_options(parser: argparse.ArgumentParser, default: str = "sentiment") -> None:
    """Which model, and how it is loaded."""
    add = parser.add_argument
    add("--model", default=default, help=f"an embedded name, a hub id or a folder (default: {default})")
    add("--revision", help="commit of a hub model")
    add("--dtype", default="float32", choices=("float32", "bfloat16", "float16", "float64"))
    add("--device", help="cuda, mps or cpu (default: the best there is); auto: over all GPUs")


def question_options(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Which text, and what is asked of it; returns the group one of whose options must be given."""
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--text", help="the prompt")
    given.add_argument("--text-file", type=Path, help="file that holds the prompt, UTF-8")
    parser.add_argument("--target", help="label, or continuation of a decoder (default: the model's own answer)")
    parser.add_argument("--versus", help="explain the difference to this label or continuation")
    return given


def model(options: argparse.Namespace) -> "LanguageModel":
    """The model of `model_options`."""
    from spexcore.models import LanguageModel

    return LanguageModel.load(options.model, revision=options.revision, dtype=options.dtype, device=options.device)


def text(options: argparse.Namespace) -> str:
    """The text of `question_options`."""
    if options.text is not None:
        return str(options.text)
    path = options.text_file
    try:
        return path.read_bytes().decode("utf-8")  # bytes: a prompt keeps its CRLF
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"`--text-file` must be a readable UTF-8 file; {path}: {error}.") from error
