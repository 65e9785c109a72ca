"""Evidence beside a training explanation: what can be checked by training again is, and named by what it shows."""

from spexcore.evidence.cards import Card, cards
from spexcore.evidence.flips import Flip, smallest_flip
from spexcore.evidence.joint import Joint, joint_effects
from spexcore.evidence.mislabels import Suspect, suspects
from spexcore.evidence.ranking import Ranking, rank_agreement
from spexcore.removal import Removal, removal_curve

__all__ = [
    "Card",
    "Flip",
    "Joint",
    "Ranking",
    "Removal",
    "Suspect",
    "cards",
    "joint_effects",
    "rank_agreement",
    "removal_curve",
    "smallest_flip",
    "suspects",
]
