"""Areas to act in first: more deprived than the middle one, and worse than their deprivation predicts.

What happens there lifts the total and narrows the gap at once. Where an area stands on the scale of
deprivation is the share of England's LSOAs that are less deprived; of a larger area, the mean of its LSOAs,
weighted by population.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import InputError, suggest
from evenground.geography import LSOAS_BY_IMD_EDITION
from evenground.releases import IndicatorInfo, Release
from evenground.reports.cells import Cell, make_cell, withheld
from evenground.reports.words import clean_text, count_in_words, list_in_words
from evenground.stats import fit_deprivation_line
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Cut, Polarity

FEWEST: Final = 5
"""With fewer areas a line says nothing."""

MOST_NAMES: Final = 3
_PAST_ONE_END: Final = 0.025
_PARENTS: Final = {AreaType.LSOA: "area_code", AreaType.MSOA: "parent_area_code", AreaType.WARD: "ward_code"}


class Standing(StrEnum):
    """Where an area stands: its quadrant, and for a priority area whether chance explains it."""

    PRIORITY = "priority"
    PERHAPS = "perhaps"
    DEPRIVED_NOT_WORSE = "deprived_not_worse"
    WORSE_NOT_DEPRIVED = "worse_not_deprived"
    NEITHER = "neither"
    NOT_PLACED = "not_placed"


STANDING_WORDS: Final = {
    Standing.PRIORITY: "Priority area",
    Standing.PERHAPS: "Priority area, may be chance",
    Standing.DEPRIVED_NOT_WORSE: "More deprived, not worse than predicted",
    Standing.WORSE_NOT_DEPRIVED: "Less deprived, worse than predicted",
    Standing.NEITHER: "Less deprived, not worse than predicted",
    Standing.NOT_PLACED: "Not placed",
}


@dataclass(frozen=True, slots=True)
class PlacedArea:
    """An area with its figure, how deprived it is, and what its deprivation predicts.

    ``deprivation`` is a percentage, 100 the most deprived; ``predicted`` is on the scale of the figure. Both
    are ``None`` where they are not known.
    """

    code: str
    name: str
    cell: Cell
    deprivation: float | None
    predicted: float | None
    standing: Standing

    @property
    def shortfall(self) -> float:
        """How far the figure is from what is predicted, whichever way; 0 where it is not placed."""
        if self.cell.value is None or self.predicted is None:
            return 0.0
        return abs(self.cell.value - self.predicted)


@dataclass(frozen=True, slots=True)
class PriorityAreas:
    """Every area of a kind, those to act in first at the top.

    ``median`` is the deprivation of the middle area, ``intercept`` and ``slope`` the line: its level at
    deprivation 0, and by how much it changes from there to 100. All three are ``None`` where there are too
    few areas for a line; then none is placed.
    """

    info: IndicatorInfo
    area_type: AreaType
    areas: tuple[PlacedArea, ...]
    median: float | None
    intercept: float | None
    slope: float | None

    def with_standing(self, *standings: Standing) -> list[PlacedArea]:
        """The areas that stand so."""
        return [area for area in self.areas if area.standing in standings]


def list_area_types(release: Release) -> list[AreaType]:
    """The kinds of area whose deprivation is known, the smallest first."""
    ranks = _read_ranks(release)
    return [kind for kind, column in _PARENTS.items() if ranks[column].null_count() < ranks.height]


def list_rankable(release: Release, area_type: str) -> list[IndicatorInfo]:
    """The indicators with a better and a worse, and figures for areas of a kind."""
    values = release.latest_values.filter((pl.col("area_type") == area_type) & (pl.col("cut") == Cut.ALL))
    held = set(values["indicator_id"].unique())
    return [
        info for info in release.indicators.values() if info.id in held and info.polarity != Polarity.NONE
    ]


def find_priority_areas(release: Release, indicator_id: str, area_type: str) -> PriorityAreas:
    """Place every area of a kind by its deprivation and its figure.

    The line is least squares of the figures on deprivation, weighted by the people counted (equally where a
    publisher gives no counts). The median is of all areas of the kind, placed or not.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of ``list_rankable``.
    area_type
        One of ``list_area_types``.

    Returns
    -------
    PriorityAreas
        Areas without a published figure or with unknown deprivation are listed last, not placed.

    Raises
    ------
    InputError
        Where the release cannot place such areas or such an indicator.

    References
    ----------
    Low A, Low A. Measuring the gap: quantifying and comparing local health inequalities. J Public Health
    2004;26:388-95 (for the line).
    """
    types = list_area_types(release)
    if area_type not in types:
        raise InputError(f'Areas of the type "{area_type}" cannot be placed. {suggest(area_type, types)}')
    rankable = {info.id: info for info in list_rankable(release, area_type)}
    if indicator_id not in rankable:
        raise InputError(f'Areas cannot be placed by "{indicator_id}". {suggest(indicator_id, rankable)}')
    info = rankable[indicator_id]
    deprivation = find_deprivation(release, AreaType(area_type))
    cells = _read_cells(release, indicator_id, area_type)
    known = [code for code, cell in cells.items() if cell.value is not None and code in deprivation]
    if len(known) < FEWEST:
        areas = tuple(
            PlacedArea(code, cell.label, cell, deprivation.get(code), None, Standing.NOT_PLACED)
            for code, cell in cells.items()
        )
        return PriorityAreas(info, AreaType(area_type), areas, None, None, None)
    median = float(np.median(list(deprivation.values())))
    intercept, slope = _fit([cells[code] for code in known], [deprivation[code] for code in known])
    areas = tuple(
        _place(code, cell, deprivation.get(code), median, (intercept, slope), info.polarity)
        for code, cell in cells.items()
    )
    order = list(Standing)
    ordered = sorted(
        areas, key=lambda area: (order.index(area.standing), -area.shortfall, area.name, area.code)
    )
    return PriorityAreas(info, AreaType(area_type), tuple(ordered), median, intercept, slope)


def say_priority_areas(found: PriorityAreas) -> str:
    """How many areas to act in first, for how many that is no chance, and how many cannot be placed."""
    unplaced = found.with_standing(Standing.NOT_PLACED)
    placed = len(found.areas) - len(unplaced)
    if found.median is None:
        too_few = "Too few areas have published figures to say what deprivation predicts."
        return f"{too_few} {_say_unplaced(unplaced)}".strip()
    clear, perhaps = found.with_standing(Standing.PRIORITY), found.with_standing(Standing.PERHAPS)
    both = len(clear) + len(perhaps)
    opening = (
        f"Of {count_in_words(placed, 'area')} with a published figure, {both or 'none'} "
        f"{'is' if both < 2 else 'are'} more deprived than the middle one and worse than deprivation predicts"
    )
    if not both:
        told = f"{opening}."
    elif not clear:
        told = f"{opening}, but for each of them that may be chance."
    else:
        names = list_in_words([area.name for area in clear], most=MOST_NAMES)
        chance = f" For the other {len(perhaps):,} it may be chance." if perhaps else ""
        told = f"{opening}. Clearly so: {names}.{chance}{_say_chance(found)}"
    return f"{told} {_say_unplaced(unplaced)}".strip()


def _say_chance(found: PriorityAreas) -> str:
    """Who looks at many areas finds some by chance: one in forty lies past one end of its interval."""
    deprived = len(found.with_standing(Standing.PRIORITY, Standing.PERHAPS, Standing.DEPRIVED_NOT_WORSE))
    expected = round(_PAST_ONE_END * deprived)
    return f" Chance alone would make about {expected:,} look so." if expected else ""


def _say_unplaced(areas: Sequence[PlacedArea]) -> str:
    hidden = len(withheld(area.cell for area in areas))
    parts = [
        f"{count_in_words(number, 'area')} {'is' if number == 1 else 'are'} not placed: {why}."
        for number, why in (
            (hidden, "suppressed, too few people to publish"),
            (len(areas) - hidden, "no figure, or deprivation not known"),
        )
        if number
    ]
    return " ".join(parts)


def _read_ranks(release: Release) -> pl.DataFrame:
    lsoas = release.table("areas").filter(
        (pl.col("area_type") == AreaType.LSOA) & pl.col("imd_rank").is_not_null()
    )
    return lsoas.select(*_PARENTS.values(), "imd_rank", "population")


def find_deprivation(release: Release, area_type: AreaType) -> dict[str, float]:
    """The share of England's LSOAs that are less deprived, by area, as a percentage; none of other types."""
    if area_type not in _PARENTS:
        return {}
    edition = release.manifest.imd_edition
    ranks = _read_ranks(release)
    total = LSOAS_BY_IMD_EDITION.get(edition, max(ranks["imd_rank"], default=1))
    weight = pl.col("population").fill_null(pl.col("population").mean()).fill_null(1.0)
    found = (
        ranks.with_columns(
            (100 * (1 - (pl.col("imd_rank") - 0.5) / total)).alias("deprivation"),
            pl.when(weight > 0).then(weight).otherwise(1.0).alias("weight"),
        )
        .rename({_PARENTS[area_type]: "code"})
        .filter(pl.col("code").is_not_null())
        .group_by("code")
        .agg((pl.col("deprivation") * pl.col("weight")).sum() / pl.col("weight").sum())
        .sort("code")
    )
    return dict(found.iter_rows())


def _read_cells(release: Release, indicator_id: str, area_type: str) -> dict[str, Cell]:
    """The latest figure of every area, by name; an area without a row has no data."""
    own = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("area_type") == area_type)
        & (pl.col("cut") == Cut.ALL)
    )
    latest = own.filter(pl.col("period") == pl.col("period").max())
    rows = {row["area_code"]: row for row in latest.iter_rows(named=True)}
    names = {code: name for (kind, code), name in release.area_names.items() if kind == area_type}
    names.pop(UNKNOWN_AREA, None)
    ordered = sorted(names.items(), key=lambda item: (item[1], item[0]))
    return {code: make_cell(clean_text(name), rows.get(code)) for code, name in ordered}


def _fit(cells: Iterable[Cell], deprivation: Sequence[float]) -> tuple[float, float]:
    """Intercept at deprivation 0, and the slope from there to 100."""
    shown = list(cells)
    values = np.array([cell.value for cell in shown], dtype=float)
    people = np.array([cell.denominator or 0 for cell in shown], dtype=float)
    line = fit_deprivation_line(
        values,
        people if people.all() else np.ones_like(values),
        standard_error=np.zeros_like(values),
        relative_rank=1 - np.array(deprivation) / 100,
    )
    most, change = float(line.intercept.value), float(line.slope.value)
    return most + change, -change


def _place(
    code: str,
    cell: Cell,
    deprivation: float | None,
    median: float,
    line: tuple[float, float],
    polarity: str,
) -> PlacedArea:
    if cell.value is None or deprivation is None:
        return PlacedArea(code, cell.label, cell, deprivation, None, Standing.NOT_PLACED)
    predicted = line[0] + line[1] * deprivation / 100
    is_better_above = polarity == Polarity.HIGHER_IS_BETTER
    is_worse = cell.value < predicted if is_better_above else cell.value > predicted
    limit = cell.upper if is_better_above else cell.lower
    is_clear = limit is not None and (limit < predicted if is_better_above else limit > predicted)
    is_deprived = deprivation > median
    if is_worse and is_deprived:
        standing = Standing.PRIORITY if is_clear else Standing.PERHAPS
    elif is_worse:
        standing = Standing.WORSE_NOT_DEPRIVED
    else:
        standing = Standing.DEPRIVED_NOT_WORSE if is_deprived else Standing.NEITHER
    return PlacedArea(code, cell.label, cell, deprivation, predicted, standing)
