"""Which way is better."""

from __future__ import annotations

from typing import Final

from evenground.errors import InputError, suggest

POLARITIES: Final = ("higher_is_better", "lower_is_better", "none")


def require_polarity(polarity: str) -> float:
    """1 where higher is better, else -1: what makes a larger gap against the more deprived larger.

    Raises
    ------
    InputError
        Where the polarity is not one of ``POLARITIES``; the nearest is named.
    """
    if polarity not in POLARITIES:
        raise InputError(f'The polarity "{polarity}" is not known. {suggest(polarity, POLARITIES)}')
    return 1.0 if polarity == "higher_is_better" else -1.0
