"""A prompt as a model reads it: its pieces, which of them are players, and the tokens each player owns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.models.language_model import LanguageModel

Piece = tuple[str, int | None]


@dataclass(frozen=True)
class Prompt:
    """Text in pieces (text, player or None when it is fixed), between the fixed text of a chat template if any.

    special: whether the model's special tokens go around it (a chat template brings its own).
    """

    pieces: tuple[Piece, ...]
    before: str = ""
    after: str = ""
    special: bool = True

    @cached_property
    def text(self) -> str:
        return self.before + "".join(text for text, _ in self.pieces) + self.after

    @cached_property
    def n_players(self) -> int:
        return 1 + max((player for _, player in self.pieces if player is not None), default=-1)


@dataclass(frozen=True)
class TokenTable:
    """The tokens of a whole prompt and their owners.

    ids: (n_tokens,). owners: (n_tokens, most owners a token has); a column of masks, or n_players where nobody owns it.
    """

    ids: NDArray[np.int64]
    owners: NDArray[np.int64]

    def kept(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n_masks, n_tokens): a token is kept while all its owners are; fixed tokens always are."""
        extended = np.concatenate([masks, np.ones((len(masks), 1), dtype=bool)], axis=1)
        kept = extended[:, self.owners[:, 0]]
        for column in self.owners.T[1:]:
            kept &= extended[:, column]
        return kept


def token_table(model: LanguageModel, prompt: Prompt) -> TokenTable:
    """Tokenises a prompt; a token belongs to every player it shares a character with."""
    encoding = model.tokenizer.backend_tokenizer.encode(prompt.text, add_special_tokens=prompt.special)
    owner_of = np.full(len(prompt.text) + 1, -1)
    at = len(prompt.before)
    for text, player in prompt.pieces:
        owner_of[at : at + len(text)] = -1 if player is None else player
        at += len(text)
    owners = [sorted(set(owner_of[start:end].tolist()) - {-1}) for start, end in encoding.offsets]
    width = max(1, max((len(of_token) for of_token in owners), default=1))
    padded = [of_token + [prompt.n_players] * (width - len(of_token)) for of_token in owners]
    return TokenTable(np.array(encoding.ids, dtype=np.int64), np.array(padded, dtype=np.int64).reshape(-1, width))


def token_ranges(model: LanguageModel, text: str) -> tuple[tuple[int, int], ...]:
    """Character ranges of tokens without the white space before them; tokens that share a character are one."""
    ranges: list[tuple[int, int]] = []
    for start, end in model.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).offsets:
        if text[start:end].strip():
            start += len(text[start:end]) - len(text[start:end].lstrip())
        if ranges and start < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        elif end > start:
            ranges.append((start, end))
    return tuple(ranges)


def check_length(model: LanguageModel, n_tokens: int, text: str) -> None:
    """Raises BadInput when a prompt does not fit the model, saying by how much."""
    if n_tokens > model.max_tokens:
        fits = int(len(text.split()) * model.max_tokens / n_tokens * 0.95)
        raise BadInput(
            f"`text` must fit the {model.max_tokens} tokens that {model.id!r} reads; it has {n_tokens}, "
            f"{n_tokens - model.max_tokens} too many. Cut it to about {fits} words, or take the sentences that matter "
            "(spans='sentences' makes each one a player)."
        )
