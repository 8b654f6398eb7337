"""Where a postcode lies, for somebody who typed one.

A whole postcode may be somebody's home. It is read from what a form sent, never from an address, is not kept,
and stands in no log: this module writes nothing and keeps nothing of what it is asked.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from evenground.errors import WorkspaceError
from evenground.geography.postcodes import Placed, Postcode, PostcodeLookup, load_postcodes
from evenground.releases import Release
from evenground.reports.words import count_in_words
from evenground.vocabulary import AreaType
from evenground_web.search.reads import Found, find_areas


@dataclass(frozen=True, slots=True)
class PostcodeAnswer:
    """What is known of a postcode or district: a sentence, what to do, and the areas it lies in."""

    sentence: str
    areas: tuple[Found, ...] = ()
    next_step: str = ""


def answer_postcode(release: Release, postcode: Postcode) -> PostcodeAnswer | None:
    """Where a postcode lies; ``None`` for a district that the look-up has not got, which may be a word."""
    lookup = _find_lookup()
    if lookup is None or lookup.lsoa_edition != release.manifest.lsoa_edition:
        return _say_no_lookup(release, lookup) if postcode.is_whole else None
    if not postcode.is_whole:
        return _answer_district(release, lookup, postcode.district)
    placed = lookup.find(postcode)
    if placed is None:
        return _say_unknown(release, lookup, postcode)
    if placed.lsoa_code is None:
        return PostcodeAnswer(
            f"{postcode} is outside {release.manifest.place_name}.{_say_ended(placed)}",
            next_step="This site has figures of that place only.",
        )
    areas = _surround(release, placed.lsoa_code)
    if not areas:
        return PostcodeAnswer(
            f"{postcode} lies in the small area {placed.lsoa_code}, which this release does not have.",
            next_step="Ask whoever runs this site to prepare the postcodes again.",
        )
    return PostcodeAnswer(f"{postcode} lies in these areas.{_say_ended(placed)}", areas)


def _find_lookup() -> PostcodeLookup | None:
    path = Path(settings.EVENGROUND_POSTCODES)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _load(path, changed)


@lru_cache(maxsize=1)
def _load(path: Path, changed: int) -> PostcodeLookup | None:
    try:
        return load_postcodes(path)
    except WorkspaceError:
        return None


def _say_no_lookup(release: Release, lookup: PostcodeLookup | None) -> PostcodeAnswer:
    told = "This site has no look-up of postcodes."
    if lookup is not None:
        told = (
            f"The look-up of postcodes is of the small areas of {lookup.lsoa_edition}, "
            f"and the figures are of those of {release.manifest.lsoa_edition}."
        )
    step = "Search for the area’s name instead. Whoever runs this site can run ‘evenground data postcodes’."
    return PostcodeAnswer(told, next_step=step)


def _answer_district(release: Release, lookup: PostcodeLookup, district: str) -> PostcodeAnswer | None:
    lsoas = set(lookup.list_lsoas(district))
    if not lsoas:
        return None
    parents = release.table("areas").filter(area_type=AreaType.LSOA)
    parents = parents.filter(parents["area_code"].is_in(list(lsoas)))
    wards = [(AreaType.WARD, code) for code in parents["ward_code"].drop_nulls().unique().sort()]
    msoas = [(AreaType.MSOA, code) for code in parents["parent_area_code"].drop_nulls().unique().sort()]
    areas = find_areas(release, [*msoas, *wards])
    small = count_in_words(len(lsoas), "small area")
    return PostcodeAnswer(
        f"Postcodes of {district} lie in {small} of {release.manifest.place_name}, parts of these areas.",
        areas,
        "Type a whole postcode to find its own small area.",
    )


def _say_unknown(release: Release, lookup: PostcodeLookup, postcode: Postcode) -> PostcodeAnswer:
    place = release.manifest.place_name
    if not lookup.list_lsoas(postcode.district):
        return PostcodeAnswer(
            f"{postcode} is outside {place}, or mistyped: no postcode there begins with {postcode.district}.",
            next_step="Check the spelling, or search for the name of the area.",
        )
    return PostcodeAnswer(
        f"{postcode} is not in the look-up of this site ({lookup.source}).",
        next_step=(
            "Check the spelling. A postcode that is newer than the look-up is not in it: "
            "search for the area’s name instead."
        ),
    )


def _say_ended(placed: Placed) -> str:
    if placed.ended is None:
        return ""
    try:
        when = dt.datetime.strptime(placed.ended, "%Y%m").replace(tzinfo=dt.UTC).strftime("in %B %Y")
    except ValueError:
        when = "some time ago"
    return f" Royal Mail ended this postcode {when}; it lay here until then."


def _surround(release: Release, lsoa: str) -> tuple[Found, ...]:
    """The areas that an LSOA is part of, the smallest first."""
    rows = release.table("areas").filter(area_type=AreaType.LSOA, area_code=lsoa).rows(named=True)
    if not rows:
        return ()
    (row,) = rows
    wider = (
        (AreaType.LSOA, lsoa),
        (AreaType.MSOA, row["parent_area_code"]),
        (AreaType.WARD, row["ward_code"]),
        (AreaType.LTLA, row["ltla_code"]),
        (AreaType.ICB, row["icb_code"]),
    )
    return find_areas(release, wider)
