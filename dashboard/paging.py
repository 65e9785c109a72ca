"""A long list a page at a time."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

_One = TypeVar("_One")


def page(found: Sequence[_One], size: int) -> Sequence[_One]:
    """What the chosen page holds; draws the choice, where there is more than one."""
    pages = -(-len(found) // size)
    number = int(st.number_input(f"Page, 1 to {pages}", 1, pages, 1, width=160)) if pages > 1 else 1
    return found[(number - 1) * size : number * size]
