"""remove and word:x: the text that is left is joined again and tokenised, mostly without building a string.

The text is cut into units: fixed text, and each player with the white space before it (for word:x also the word in
its place). Most tokenisers treat a unit the same whatever stands beside it: ids of a joined text are the ids of its
units. That is checked, never assumed: for every pair of units that meets in some mask the two are tokenised together,
and a sample of whole texts too. A mask with a pair that does not split (say, two ideographs that form one token) is
tokenised as a string.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from spexcore.masks import Masks
from spexcore.models.ablation import Ablation
from spexcore.models.inputs import Inputs, Ints, from_kept, from_lists
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import Piece, Prompt

CHECKED = 4  # whole texts tokenised in every call, against the ids built from units
_UNKNOWN, _SPLITS, _MERGES = 0, 1, 2


def atoms(pieces: tuple[Piece, ...]) -> list[tuple[str, str, int | None]]:
    """(white space, text, player) of each piece: trailing white space of fixed text belongs to the player after it."""
    found: list[tuple[str, str, int | None]] = []
    for text, player in pieces:
        space = ""
        if player is not None and found and found[-1][2] is None:
            fixed = found.pop()[1]
            body = fixed.rstrip()
            space = fixed[len(body) :]
            found += [("", body, None)] if body else []
        found.append((space, text, player))
    return found


@dataclass
class _Units:
    """Columns in reading order. column: the mask column that shows the unit (n_players: always); negated: when off."""

    texts: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    negated: list[bool] = field(default_factory=list)

    def add(self, text: str, column: int, negated: bool = False) -> None:
        self.texts.append(text)
        self.columns.append(column)
        self.negated.append(negated)

    def shown(self, masks: Masks) -> NDArray[np.bool_]:
        """(n_masks, n_units)."""
        extended = np.concatenate([masks, np.ones((len(masks), 1), dtype=bool)], axis=1)
        return extended[:, self.columns] ^ np.array(self.negated)


@final
class Rejoin(Ablation):
    """remove (word is None) or word:x."""

    def __init__(self, model: LanguageModel, prompt: Prompt, word: str | None) -> None:
        self._model, self._word = model, word
        self._units = _cut(prompt, word)
        self._head, self._tail = _around(model, prompt)
        n = len(self._units.texts)
        self._pairs = np.zeros((n, n), dtype=np.int8)
        self._alone = [np.array(ids, dtype=np.int64) for ids in model.encode_all(self._units.texts)]
        self._inside = self._after_their_neighbour()
        self._whole_only = False

    def inputs(self, masks: Masks) -> Inputs:
        shown = self._units.shown(masks)
        strings = np.ones(len(masks), dtype=bool) if self._whole_only else self._has_merge(shown)
        if strings.all():
            return self._tokenised(shown)
        built = self._built(shown)
        sample = np.flatnonzero(~strings)[:: max(1, len(masks) // CHECKED)]
        if not _same(built, sample, self._tokenised(shown[sample])):
            self._whole_only = True
            return self._tokenised(shown)
        return _replaced(built, strings, self._tokenised(shown[strings])) if strings.any() else built

    def shown(self, player: str, kept: bool) -> str:
        return player if kept else (self._word or "")

    def _tokenised(self, shown: NDArray[np.bool_]) -> Inputs:
        texts = ["".join(text for text, on in zip(self._units.texts, row, strict=True) if on) for row in shown.tolist()]
        return from_lists([[*self._head, *ids, *self._tail] for ids in self._model.encode_all(texts)])

    def _after_their_neighbour(self) -> list[NDArray[np.int64] | None]:
        """Ids of each unit inside a text: what it adds to a unit before it; None where the two melt together.

        The word in a player's place never stands behind that player, but behind what comes before both.
        """
        texts, alone = self._units.texts, self._alone
        before = [unit - 1 - negated for unit, negated in enumerate(self._units.negated)]
        joined = self._model.encode_all([texts[max(a, 0)] + text for a, text in zip(before, texts, strict=True)])
        inside: list[NDArray[np.int64] | None] = []
        for unit, (a, both) in enumerate(zip(before, joined, strict=True)):
            if a < 0:  # nothing before it: it only ever begins a text
                inside.append(alone[unit])
                continue
            splits = both[: len(alone[a])] == alone[a].tolist()
            inside.append(np.array(both[len(alone[a]) :], dtype=np.int64) if splits else None)
        return inside

    def _has_merge(self, shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n_masks,): whether two neighbouring units of the row are tokenised differently together than apart."""
        rows, units = np.divmod(np.flatnonzero(shown), shown.shape[1])
        codes = (units[:-1] * shown.shape[1] + units[1:])[rows[1:] == rows[:-1]]
        state = self._pairs.ravel().take(codes)
        if (unknown := state == _UNKNOWN).any():
            self._try(np.unique(codes[unknown]))
            state = self._pairs.ravel().take(codes)
        merged = np.zeros(len(shown), dtype=bool)
        if (merges := state == _MERGES).any():
            merged[rows[1:][rows[1:] == rows[:-1]][merges]] = True
        return merged

    def _try(self, codes: NDArray[np.int64]) -> None:
        pairs = [divmod(code, len(self._pairs)) for code in codes.tolist()]
        joined = self._model.encode_all([self._units.texts[a] + self._units.texts[b] for a, b in pairs])
        for (a, b), ids in zip(pairs, joined, strict=True):
            inside = self._inside[b]
            splits = inside is not None and ids == [*self._alone[a].tolist(), *inside.tolist()]
            self._pairs[a, b] = _SPLITS if splits else _MERGES

    def _built(self, shown: NDArray[np.bool_]) -> Inputs:
        """The ids of the units side by side: the first unit shown as it is alone, the others as they are inside."""
        if not self._alike:
            # Columns: each unit as the first, then each unit inside. A row shows one first unit, so order holds.
            first = np.zeros_like(shown)
            first[np.arange(len(shown)), shown.argmax(axis=1)] = shown.any(axis=1)
            shown = np.concatenate([first, shown & ~first], axis=1)
        kept = np.ones((len(shown), len(self._ids)), dtype=bool)
        kept[:, len(self._head) : len(self._ids) - len(self._tail)] = shown[:, self._unit_of]
        return from_kept(self._ids, kept)

    @cached_property
    def _alike(self) -> bool:
        """Whether every unit has the same tokens as the first of a text and inside of it."""
        both = zip(self._alone, self._inside, strict=True)
        return all(inside is not None and np.array_equal(alone, inside) for alone, inside in both)

    @cached_property
    def _parts(self) -> list[Ints]:
        none = np.empty(0, dtype=np.int64)
        return self._alone if self._alike else [*self._alone, *(none if one is None else one for one in self._inside)]

    @cached_property
    def _ids(self) -> Ints:
        return np.concatenate([self._head, *self._parts, self._tail]).astype(np.int64)

    @cached_property
    def _unit_of(self) -> Ints:
        return np.repeat(np.arange(len(self._parts)), [len(part) for part in self._parts])


def _cut(prompt: Prompt, word: str | None) -> _Units:
    units = _Units()
    fixed = prompt.n_players
    for space, text, player in [("", prompt.before, None), *atoms(prompt.pieces), ("", prompt.after, None)]:
        if space + text:
            units.add(space + text, fixed if player is None else player)
        if word is not None and player is not None:
            units.add(space + word, player, negated=True)
    return units


def _around(model: LanguageModel, prompt: Prompt) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    if not prompt.special:
        return [], []
    text = prompt.text
    bare, whole = model.encode(text, special=False), model.encode(text)
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return whole[:start], whole[start + len(bare) :]
    return [], []


def _same(built: Inputs, rows: NDArray[np.int64], tokenised: Inputs) -> bool:
    contents = built.contents()
    return [contents[row] for row in rows] == tokenised.contents()


def _replaced(built: Inputs, rows: NDArray[np.bool_], tokenised: Inputs) -> Inputs:
    """The built inputs with some rows taken from the tokenised ones."""
    good, other = np.split(built.ids, built.starts[1:]), iter(np.split(tokenised.ids, tokenised.starts[1:]))
    return from_lists([(next(other) if row else ids).tolist() for row, ids in zip(rows, good, strict=True)])
