"""Evidence beside a training explanation: what can be checked by training again is, and named by what it shows."""

from spexcore.evidence.cards import Card, cards
from spexcore.evidence.flips import Flip, smallest_flip
from spexcore.evidence.joint import Joint, joint_effects
from spexcore.evidence.mislabels import Suspect, suspects
from spexcore.evidence.ranking import Ranking, rank_agreement
from spexcore.evidence.record import Evidence, gather
from spexcore.removal import Removal, removal_curve

__all__ = [
    "Card",
    "Evidence",
    "Flip",
    "Joint",
    "Ranking",
    "Removal",
    "Suspect",
    "cards",
    "gather",
    "joint_effects",
    "rank_agreement",
    "removal_curve",
    "smallest_flip",
    "suspects",
]
