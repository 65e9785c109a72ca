"""What is on screen of one explanation: everything the linked views share."""

from dataclasses import dataclass

from spexcore.explanation import Explanation
from spexcore.figures.rows import Row
from spexcore.masks import Coalition


@dataclass(frozen=True)
class View:
    """rows: the terms shown, under the index chosen; chosen: the coalition selected everywhere."""

    explanation: Explanation
    rows: tuple[Row, ...]
    chosen: Coalition
    index: str
    dark: bool
