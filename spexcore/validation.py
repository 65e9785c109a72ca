"""Re-ablation: the claim a spectrum makes about a coalition, measured on the game itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.game import ROUNDING, Game, MeteredGame
from spexcore.masks import Coalition, Masks, corners
from spexcore.spectrum import Spectrum
from spexcore.transforms import comobius_of_corners

if TYPE_CHECKING:
    from spexcore.explanation import Explanation

MAX_ORDER = 12  # 4,096 corners: beyond that nobody waits
NOTHING = 1e-9  # share of the largest score below which a score is rounding


@dataclass(frozen=True)
class Corner:
    """One ablation of a re-ablated coalition: which of its members were kept, and the value."""

    kept: Coalition
    value: float


@dataclass(frozen=True)
class Validation:
    """A coalition re-ablated: co-Moebius value predicted and measured, every corner, and the effect in other contexts.

    measured: sum over T of (-1)^(|S| - |T|) f(N - S + T), the effect in the prompt as it stands (DESIGN section 2).
    contexts: the same alternating sum with the other players kept at random, one value a context.
    """

    coalition: Coalition
    players: tuple[str, ...]
    predicted: float | None
    measured: float
    corners: tuple[Corner, ...]
    contexts: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "coalition": list(self.coalition),
            "players": list(self.players),
            "index": "comobius",
            "predicted": self.predicted,
            "measured": self.measured,
            "corners": [{"kept": list(corner.kept), "value": corner.value} for corner in self.corners],
            "contexts": list(self.contexts),
        }


@dataclass(frozen=True)
class Claim:
    """What an explanation says of a coalition's co-Moebius value, and what a re-ablation measured.

    low, high: the 95 % interval it states. first_hand: measured when the run was made, so claimed exactly. rounding: of
    each of the 2^|S| values in a sum, when it is computed again (Game.rounding).
    """

    coalition: Coalition
    claimed: float
    low: float
    high: float
    first_hand: bool
    measured: float
    rounding: float = ROUNDING

    @property
    def confirmed(self) -> bool:
        """Whether the sign is right and the measured value lies inside the interval, rounding apart."""
        slack = self.rounding * 2 ** len(self.coalition) * max(1.0, abs(self.measured))
        inside = self.low - slack <= self.measured <= self.high + slack
        return inside and (self.claimed * self.measured > 0 or abs(self.measured - self.claimed) <= slack)


@dataclass(frozen=True)
class Confirmation:
    """The leading terms of an explanation, largest magnitude first, each with what a re-ablation measured."""

    claims: tuple[Claim, ...]

    @property
    def rate(self) -> float | None:
        """Share of the terms that were confirmed; None where there is no term."""
        return sum(claim.confirmed for claim in self.claims) / len(self.claims) if self.claims else None

    def to_json(self) -> dict[str, object]:
        claims = [{**vars(c), "coalition": list(c.coalition), "confirmed": c.confirmed} for c in self.claims]
        return {"rate": self.rate, "claims": claims}

    @classmethod
    def from_json(cls, content: dict[str, list[dict]]) -> "Confirmation":
        """What `to_json` wrote; the verdicts are judged again, not read."""
        return cls(tuple(_read(claim) for claim in content["claims"]))


def confirm(game: Game, explanation: "Explanation", *, top: int = 10) -> Confirmation:
    """Re-ablate the `top` terms that an explanation of this game lists first, all of their corners in one call."""
    if top < 1:
        raise BadInput(f"`top` must be at least 1 term; got {top}.")
    ranked = explanation.ranked("comobius")
    # A claim of nothing is no term: terms that are rounding beside the largest would only flatter the rate.
    least = NOTHING * max((abs(score) for _, score in ranked), default=0.0)
    leading = [coalition for coalition, score in ranked if abs(score) > least][:top]
    if not leading:
        return Confirmation(())
    metered = MeteredGame(game)  # whose corners it has paid for: `validate` finds them there
    metered(np.vstack([corners(coalition, game.n_players) for coalition in leading]))
    return Confirmation(tuple(_claim(metered, explanation, coalition) for coalition in leading))


def _claim(game: Game, explanation: "Explanation", coalition: Coalition) -> Claim:
    low, high = explanation.interval(coalition)
    return Claim(
        coalition,
        claimed=explanation.comobius(coalition),
        low=low,
        high=high,
        first_hand=coalition in explanation.measured,
        measured=validate(game, coalition).measured,
        rounding=game.rounding,
    )


def _read(claim: dict) -> Claim:
    names = ("claimed", "low", "high", "measured", "rounding")
    numbers = {name: float(claim[name]) for name in names if name in claim}  # early run files have no rounding
    return Claim(tuple(int(i) for i in claim["coalition"]), first_hand=bool(claim["first_hand"]), **numbers)


def validate(
    game: Game, coalition: Iterable[int], *, spectrum: Spectrum | None = None, contexts: int = 0, seed: int = 0
) -> Validation:
    """Re-ablate a coalition: its 2^|S| corners with everything else kept, and in `contexts` random contexts.

    With a spectrum, `predicted` is the co-Moebius value it claims. Raises BadInput for players that do not exist.
    """
    members = checked_coalition(coalition, game.n_players)
    rng = np.random.default_rng(seed)
    masks = [corners(members, game.n_players)]
    masks += [_in_context(members, rng.random(game.n_players) < 0.5) for _ in range(contexts)]
    values = game(np.vstack(masks)).reshape(1 + contexts, -1)
    sums = comobius_of_corners(values)
    inside = masks[0][:, list(members)]
    return Validation(
        coalition=members,
        players=tuple(game.players[i] for i in members),
        predicted=None if spectrum is None else float(comobius_of_corners(spectrum.predict(masks[0]))),
        measured=float(sums[0]),
        corners=tuple(
            Corner(tuple(i for i, kept in zip(members, row, strict=True) if kept), float(value))
            for row, value in zip(inside, values[0], strict=True)
        ),
        contexts=tuple(sums[1:].tolist()),
    )


def checked_coalition(coalition: Iterable[int], n_players: int) -> Coalition:
    """Sorted distinct player indices; raises BadInput naming the one that does not exist."""
    members = tuple(sorted({int(i) for i in coalition}))
    if not members:
        raise BadInput("`coalition` must name at least one player; got none.")
    if members[0] < 0 or members[-1] >= n_players:
        wrong = members[0] if members[0] < 0 else members[-1]
        raise BadInput(f"`coalition` must name players from 0 to {n_players - 1}; got {wrong}.")
    if len(members) > MAX_ORDER:
        raise BadInput(
            f"`coalition` must have at most {MAX_ORDER} players, {2**MAX_ORDER:,} ablations; got {len(members)}. "
            "Choose fewer."
        )
    return members


def _in_context(members: Coalition, context: NDArray[np.bool_]) -> Masks:
    masks = corners(members, len(context))
    outside = np.ones(len(context), dtype=bool)
    outside[list(members)] = False
    masks[:, outside] = context[outside]
    return masks
