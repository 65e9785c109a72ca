"""Ablation operators: what a model reads when players are gone.

mask, pad, unk   every token of the player becomes that special token; length and positions stay
mean             every token of the player gets the mean of the vocabulary's embeddings
drop             the player's tokens are deleted, the other tokens keep their position ids
remove           the player and the white space before it go, the rest is joined and tokenised
word:x           the word x stands in the player's place, and the whole is tokenised
"""

from abc import ABC, abstractmethod
from typing import final

import numpy as np

from spexcore.masks import Masks
from spexcore.models.inputs import Inputs, from_kept
from spexcore.models.prompt import TokenTable

ABLATIONS = ("mask", "pad", "unk", "mean", "drop", "remove", "word:x")


class Ablation(ABC):
    """From masks to what the model reads."""

    @abstractmethod
    def inputs(self, masks: Masks) -> Inputs:
        """One token sequence for each of the masks (n_masks, n_players)."""

    @abstractmethod
    def shown(self, player: str, kept: bool) -> str:
        """What a person is shown in the place of a player; '' also takes the white space before it."""


@final
class Replacement(Ablation):
    """mask, pad, unk, mean: another id in every token of an ablated player."""

    def __init__(self, table: TokenTable, token_id: int, token: str) -> None:
        self.table = table
        self._token_id = token_id
        self._token = token

    def inputs(self, masks: Masks) -> Inputs:
        ids = np.where(self.table.kept(masks), self.table.ids, self._token_id)  # (n_masks, n_tokens)
        return Inputs(ids.ravel(), np.full(len(masks), ids.shape[1]))

    def shown(self, player: str, kept: bool) -> str:
        return player if kept else self._token


@final
class Drop(Ablation):
    """drop: the tokens of an ablated player are not read; the others stay where they were."""

    def __init__(self, table: TokenTable) -> None:
        self.table = table

    def inputs(self, masks: Masks) -> Inputs:
        return from_kept(self.table.ids, self.table.kept(masks), keep_positions=True)

    def shown(self, player: str, kept: bool) -> str:
        return player if kept else ""
