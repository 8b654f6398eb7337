"""Figures in words: one British style for charts, tables, pages and documents.

Suppressed, missing and zero are three different things, and each has its own words::

    58.3%                          published
    58.3% (57.1% to 59.5%)         with its interval
    0%                             zero
    suppressed                     withheld under the disclosure policy
    no data                        missing
    too few events                 published counts, but no rate
    1,234.5 per 100,000            any unit other than % follows its number
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from evenground.vocabulary import ValueNote

PERCENT: Final = "%"
MINUS: Final = "−"
NOTE_WORDS: Final = {
    ValueNote.SUPPRESSED: "suppressed",
    ValueNote.SUPPRESSED_SECONDARY: "suppressed to protect another number",
    ValueNote.MISSING: "no data",
    ValueNote.TOO_FEW_EVENTS: "too few events",
}
"""What stands in the place of a value that is not there."""

NOTE_EXPLANATIONS: Final = {
    ValueNote.SUPPRESSED: "suppressed: too few people to publish",
    ValueNote.SUPPRESSED_SECONDARY: "suppressed: a number that is too small could be worked out from it",
    ValueNote.MISSING: "no data",
    ValueNote.TOO_FEW_EVENTS: "too few events to calculate a rate",
}

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PERIOD = re.compile(r"(\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})")


def format_number(number: float, *, decimals: int = 1) -> str:
    """A number with thousands separated by commas, and a real minus sign.

    >>> format_number(1234.56), format_number(-3.0), format_number(12, decimals=0)
    ('1,234.6', '−3.0', '12')
    """
    return f"{round_as_shown(number, decimals=decimals):,.{decimals}f}".replace("-", MINUS)


@lru_cache(maxsize=8192)
def round_as_shown(number: float, *, decimals: int = 1) -> float:
    """Rounded as people do it, halves away from zero, so that 6.25 reads 6.3.

    >>> round_as_shown(6.25), round_as_shown(-0.04)
    (6.3, 0.0)
    """
    exact = Decimal(repr(float(number))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return float(exact) + 0.0


def format_value(
    value: float | None, unit: str, value_note: str = ValueNote.PUBLISHED, *, decimals: int = 1
) -> str:
    """A value with its unit, or the words for why there is none.

    A value that only rounding would turn into 0% or 100% is said to be less or more than that, because zero
    is a finding of its own.

    Parameters
    ----------
    value
        On the scale of the indicator (58.3 for 58.3%); ``None`` or NaN where there is none.
    unit
        ``%`` stands against the number; any other unit follows it after a space; empty for none.
    value_note
        A ``ValueNote``. A zero is written ``0`` whatever ``value`` holds.

    Returns
    -------
    str
        Plain text, not escaped for HTML.

    >>> format_value(58.34, "%")
    '58.3%'
    >>> format_value(1234.5, "per 100,000"), format_value(None, "%", "suppressed")
    ('1,234.5 per 100,000', 'suppressed')
    >>> format_value(0.0, "%", "zero"), format_value(None, "%", "missing"), format_value(0.01, "%")
    ('0%', 'no data', 'less than 0.1%')
    """
    if value_note == ValueNote.ZERO:
        return _with_unit("0", unit)
    if value_note in NOTE_WORDS:
        return NOTE_WORDS[ValueNote(value_note)]
    if value is None or value != value:
        return NOTE_WORDS[ValueNote.MISSING]
    return _format_published(value, unit, decimals)


def format_interval(
    lower_cl: float | None, upper_cl: float | None, unit: str = "", *, decimals: int = 1
) -> str:
    """An interval, ``57.1% to 59.5%``, or nothing where a limit is missing.

    >>> format_interval(57.1, 59.5, "%"), format_interval(10, 30.25, "per 100,000")
    ('57.1% to 59.5%', '10.0 to 30.3 per 100,000')
    >>> format_interval(None, 59.5, "%")
    ''
    """
    if lower_cl is None or upper_cl is None or lower_cl != lower_cl or upper_cl != upper_cl:
        return ""
    low, high = format_number(lower_cl, decimals=decimals), format_number(upper_cl, decimals=decimals)
    return f"{low}% to {high}%" if unit == PERCENT else _with_unit(f"{low} to {high}", unit)


def format_value_with_interval(
    value: float | None,
    lower_cl: float | None,
    upper_cl: float | None,
    unit: str,
    value_note: str = ValueNote.PUBLISHED,
    *,
    decimals: int = 1,
) -> str:
    """A value and, in brackets, its interval where there is one.

    >>> format_value_with_interval(58.3, 57.1, 59.5, "%")
    '58.3% (57.1% to 59.5%)'
    >>> format_value_with_interval(None, None, None, "%", "suppressed")
    'suppressed'
    """
    text = format_value(value, unit, value_note, decimals=decimals)
    if value_note in NOTE_WORDS:
        return text
    interval = format_interval(lower_cl, upper_cl, unit, decimals=decimals)
    return f"{text} ({interval})" if interval else text


def format_count(count: int | None, value_note: str = ValueNote.PUBLISHED) -> str:
    """A count of people or events, or the words for why there is none.

    A count may be published where the value is not (too few events for a rate), so the note is read only
    where there is no count.

    >>> format_count(1234), format_count(0), format_count(None, "suppressed"), format_count(None)
    ('1,234', '0', 'suppressed', 'no data')
    """
    if count is not None:
        return f"{count:,}".replace("-", MINUS)
    is_hidden = value_note in {ValueNote.SUPPRESSED, ValueNote.SUPPRESSED_SECONDARY}
    return NOTE_WORDS[ValueNote(value_note) if is_hidden else ValueNote.MISSING]


def format_count_with_interval(
    count: int | None, lower_cl: int | None, upper_cl: int | None, value_note: str = ValueNote.PUBLISHED
) -> str:
    """An estimated count and its interval, ``185 (160 to 210)``.

    >>> format_count_with_interval(1850, 1600, 2100)
    '1,850 (1,600 to 2,100)'
    """
    text = format_count(count, value_note)
    interval = format_interval(lower_cl, upper_cl, decimals=0)
    return f"{text} ({interval})" if interval and count is not None else text


def format_share(share: float | None, *, decimals: int = 0) -> str:
    """A share between 0 and 1 as a percentage.

    >>> format_share(0.583, decimals=1), format_share(0.0), format_share(0.002), format_share(None)
    ('58.3%', '0%', 'less than 1%', 'no data')
    """
    if share == 0:
        return "0%"
    return format_value(None if share is None else 100 * share, PERCENT, decimals=decimals)


def format_difference(difference: float, unit: str, *, decimals: int = 1) -> str:
    """The size of a difference between two values: percentage points where the unit is %.

    >>> format_difference(-15.8, "%"), format_difference(1.0, "%"), format_difference(120, "per 100,000")
    ('15.8 percentage points', '1 percentage point', '120 per 100,000')
    """
    size = abs(round_as_shown(difference, decimals=decimals))
    number = format_number(size, decimals=0 if size == int(size) else decimals)
    if unit == PERCENT:
        return f"{number} percentage point" + ("" if number == "1" else "s")
    return _with_unit(number, unit)


def format_date(date: dt.date) -> str:
    """A date as people write it.

    >>> format_date(dt.date(2026, 3, 31))
    '31 March 2026'
    """
    return f"{date.day} {date:%B %Y}"


def format_period(period: str) -> str:
    """A period of a release in words; text that is not two dates is left as it is.

    >>> format_period("2025-04-01 to 2026-03-31")
    '1 April 2025 to 31 March 2026'
    """
    found = _PERIOD.fullmatch(period)
    if not found:
        return period
    return " to ".join(format_date(dt.date.fromisoformat(part)) for part in found.groups())


def list_in_words(items: Sequence[str], *, most: int | None = None) -> str:
    """Items as a phrase; past ``most``, the rest are counted.

    >>> list_in_words(["a", "b", "c"]), list_in_words(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 others')
    """
    shown = list(items)
    if most is not None and len(shown) > most + 1:
        shown = [*shown[:most], f"{len(items) - most} others"]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def count_in_words(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun in the right number.

    >>> count_in_words(1, "group"), count_in_words(12, "group"), count_in_words(2, "community", "communities")
    ('1 group', '12 groups', '2 communities')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def clean_text(text: str) -> str:
    """Text without the control characters that no XML document may hold, on one line."""
    return " ".join(_CONTROL.sub("", text).split())


def _format_published(value: float, unit: str, decimals: int) -> str:
    smallest = 10.0**-decimals
    if 0 < value < smallest / 2:
        return f"less than {_with_unit(format_number(smallest, decimals=decimals), unit)}"
    if unit == PERCENT and 100 - smallest / 2 <= value < 100:
        return f"more than {format_number(100 - smallest, decimals=decimals)}%"
    if value == 0 or (unit == PERCENT and value == 100):
        return _with_unit(format_number(value, decimals=0), unit)
    return _with_unit(format_number(value, decimals=decimals), unit)


def _with_unit(number: str, unit: str) -> str:
    if unit == PERCENT:
        return f"{number}%"
    return f"{number} {unit}" if unit else number
