"""The site's own words, beside those that it shares with the reports."""

from __future__ import annotations

import re
from typing import Final

from evenground.reports.names import (
    AREA_KINDS,
    AREA_TYPES,
    CUTS,
    NOTE_MEANINGS,
    PAIRS,
    PUBLISHED_CUTS,
    format_iso_date,
    name_area_kind,
    name_category,
    say_dates,
    say_target,
)

__all__ = [
    "AREA_KINDS",
    "AREA_TYPES",
    "CUTS",
    "NOTE_MEANINGS",
    "PAIRS",
    "PUBLISHED_CUTS",
    "format_iso_date",
    "make_slug",
    "name_area_kind",
    "name_category",
    "say_chance",
    "say_dates",
    "say_target",
]

_CHANCES: Final = (
    (0.95, "almost certain"),
    (0.75, "likely"),
    (0.60, "more likely than not"),
    (0.40, "as likely as not"),
    (0.25, "less likely than not"),
    (0.05, "unlikely"),
)


def say_chance(probability: float | None) -> str:
    """A probability in words.

    >>> say_chance(0.97), say_chance(0.5), say_chance(0.02)
    ('almost certain', 'as likely as not', 'very unlikely')
    """
    if probability is None:
        return "not known"
    return next((words for least, words in _CHANCES if probability >= least), "very unlikely")


def make_slug(text: str) -> str:
    """Text as part of an HTML id.

    >>> make_slug("Heart and lungs")
    'heart-and-lungs'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
