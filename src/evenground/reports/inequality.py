"""Inequality over time: each group's own line beside the gap, the slope index and the relative index.

A measure of inequality is never shown alone: a gap can narrow because everybody does worse, so the words tell
what became of each end, and how many groups did better or worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.breakdowns import DEPRIVATION, Breakdown
from evenground.reports.cells import Cell
from evenground.reports.charts import Figure, finish_figure
from evenground.reports.over_time import Series, judge_change, say_gap_change, say_period, short_period
from evenground.reports.panels import Panel, draw_panels
from evenground.reports.sentences import Certainty, judge_difference
from evenground.reports.words import (
    PERCENT,
    count_in_words,
    format_difference,
    format_number,
    format_value,
    format_value_with_interval,
    list_in_words,
    round_as_shown,
)
from evenground.vocabulary import AreaType, Cut, Polarity, ValueNote

_NO_DIFFERENCE_IN_RATIO: Final = 1.0
_CENTRES: Final = {"rii": _NO_DIFFERENCE_IN_RATIO}
_MOST_NAMED: Final = 3
_SMALL: Final = 5.0
"""Differences below this are told to a hundredth."""

_BETTER_OR_WORSE: Final = {"better": "did better", "worse": "did worse"}
_UP_OR_DOWN: Final = {"up": "went up", "down": "went down"}


def draw_groups_over_time(release: Release, indicator_id: str, cut: str) -> Figure | None:
    """Each group's own line, all on one scale, with everybody's drawn into each.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    cut
        One of ``list_breakdowns``.

    Returns
    -------
    Figure or None
        ``None`` where there are fewer than two periods.

    Raises
    ------
    InputError
        Where the release has no such indicator or breakdown.
    """
    view = Breakdown.of(release, indicator_id, cut)
    periods = view.periods
    if len(periods) < 2:
        return None
    info, overall = view.info, view.overall(periods)
    groups = [(group, view.series(group, periods)) for group in view.groups]
    recorded = [series for group, series in groups if group.recorded]
    parts = [_count_changes(recorded, view), _say_gap(recorded, overall, view), _say_editions(view)]
    short = info.unit if info.unit == PERCENT else ""
    svg = draw_panels(
        [Panel(series.name, series.cells) for _, series in groups],
        [short_period(period) for period in periods],
        lambda cell: format_value(cell.value, short, cell.note),
        against=Panel(overall.name, overall.cells),
    )
    everyone = [overall, *(series for _, series in groups)]
    return finish_figure(
        ("groups-over-time", cut, indicator_id),
        f"{info.name}, each group over time: {view.area_name}",
        " ".join(part for part in parts if part),
        svg,
        ("Period", *(series.name for series in everyone)),
        [_table_row(number, everyone, info.unit) for number in reversed(range(len(periods)))],
    )


def draw_measures_over_time(release: Release, indicator_id: str, cut: str) -> list[Figure]:
    """The gap and the slope index over time, and the relative index, where the release holds them.

    Parameters
    ----------
    release, indicator_id, cut
        As for ``draw_groups_over_time``; only breakdowns by deprivation have them.

    Returns
    -------
    list of Figure
        One for the gap and the slope index, in the units of the indicator, and one for the relative index,
        which has none. Empty where there are fewer than two periods of either.
    """
    view = Breakdown.of(release, indicator_id, cut)
    own = release.table("inequality").filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("area_type") == view.area_type)
        & (pl.col("area_code") == view.area_code)
        & (pl.col("cut") == cut)
    )
    series = _read_measures(own)
    absolute = [(name, series[name]) for name in ("gap", "sii") if name in series]
    relative = [(name, series[name]) for name in ("rii",) if name in series]
    return [
        _draw_measures(view, measures, kind)
        for kind, measures in (("absolute", absolute), ("relative", relative))
        if any(one.ends for _, one in measures)
    ]


_MEASURES: Final = {
    "gap": "Gap between the most and the least deprived",
    "sii": "Slope index of inequality",
    "rii": "Relative index of inequality",
}


def _draw_measures(view: Breakdown, measures: Sequence[tuple[str, Series]], kind: str) -> Figure:
    is_ratio = kind == "relative"
    unit = "" if is_ratio else _unit_of_difference(view.info.unit)
    # A series without a value at all has no place on the scale.
    shown = [(name, series) for name, series in measures if series.ends]
    decimals = 2 if is_ratio else _find_decimals([series for _, series in shown])
    periods = [cell.label for cell in shown[0][1].cells]
    title = "relative index" if is_ratio else "gap and slope index"

    def say(cell: Cell) -> str:
        return "no figure" if cell.value is None else format_number(cell.value, decimals=decimals)

    svg = draw_panels(
        [Panel(_MEASURES[name], series.cells) for name, series in shown],
        [short_period(cell.label) for cell in shown[0][1].cells],
        say,
        level=_NO_DIFFERENCE_IN_RATIO if is_ratio else 0.0,
    )
    heads = [f"{_MEASURES[name]}{f' ({unit})' if unit else ''}" for name, _ in shown]
    return finish_figure(
        ("measures-over-time", kind, view.cut, view.info.id),
        f"{view.info.name}, {title} over time: {view.area_name}",
        " ".join(_say_measure(name, series, view.info, decimals) for name, series in shown),
        svg,
        ("Period", *heads),
        [
            (
                say_period(periods[number]),
                *(_say_with_interval(one.cells[number], decimals) for _, one in shown),
            )
            for number in reversed(range(len(periods)))
        ],
    )


def _read_measures(rows: pl.DataFrame) -> dict[str, Series]:
    periods = rows["period"].unique().sort().to_list()
    found = {(row["measure"], row["period"]): row for row in rows.iter_rows(named=True)}
    return {
        measure: Series(
            _MEASURES[measure], tuple(_measure_cell(found.get((measure, one)), one) for one in periods)
        )
        for measure in _MEASURES
        if any((measure, period) in found for period in periods)
    }


def _measure_cell(row: Mapping[str, Any] | None, period: str) -> Cell:
    if row is None or row["value"] is None:
        return Cell(period)
    return Cell(period, row["value"], row["lower_cl"], row["upper_cl"], ValueNote.PUBLISHED)


def _find_decimals(measures: Sequence[Series]) -> int:
    """So many that a small gap does not read as none at all."""
    largest = max(abs(cell.value) for one in measures for cell in one.cells if cell.value is not None)
    return 1 if largest >= _SMALL else 2 if largest >= _SMALL / 10 else 3


def _say_measure(name: str, series: Series, info: IndicatorInfo, decimals: int) -> str:
    """Where a measure began and is now, and whether that is more than chance."""
    if series.ends is None:
        return ""
    first, last = series.ends
    start, end = (_say_with_interval(cell, decimals) for cell in (first, last))
    unit = "" if name == "rii" else f" {_unit_of_difference(info.unit)}"
    told = (
        f"The {_MEASURES[name][0].lower()}{_MEASURES[name][1:]} was {start}{unit} "
        f"{_say_when(first.label)}, and is {end} {_say_when(last.label)}"
    )
    return f"{told}{_judge_measure(first, last, _CENTRES.get(name, 0.0), info, decimals)}."


def _judge_measure(first: Cell, last: Cell, centre: float, info: IndicatorInfo, decimals: int) -> str:
    certainty = judge_difference(first, last)
    if certainty is Certainty.NO_INTERVAL:
        return ""
    before, after = (
        round_as_shown(abs((cell.value or 0.0) - centre), decimals=decimals) for cell in (first, last)
    )
    if certainty is Certainty.UNCLEAR:
        return ": the numbers are too small to say whether it changed"
    if before == after:
        return ": hardly a change"
    hedge = "probably " if certainty is Certainty.PROBABLE else ""
    what = "the difference" if info.polarity == Polarity.NONE else "inequality"
    return f": {what} {hedge}{'grew' if after > before else 'shrank'}"


def _say_when(period: str) -> str:
    day = say_period(period)
    return f"in {period}" if day == period else f"on {day}"


def _say_with_interval(cell: Cell, decimals: int) -> str:
    if cell.value is None:
        return "no figure"
    value = format_number(cell.value, decimals=decimals)
    if cell.lower is None or cell.upper is None:
        return value
    lower, upper = (format_number(limit, decimals=decimals) for limit in (cell.lower, cell.upper))
    return f"{value} ({lower} to {upper})"


def _unit_of_difference(unit: str) -> str:
    return "percentage points" if unit == PERCENT else unit


def list_clear_gaps(release: Release, indicator_ids: Iterable[str]) -> pl.DataFrame:
    """Gaps between the fifths of a place's own areas that chance does not explain, the widest first.

    Parameters
    ----------
    release
        The release to read.
    indicator_ids
        Which of its indicators. Only those in per cent with a better and a worse: a rate per 100,000 cannot
        be put in order with them.

    Returns
    -------
    polars.DataFrame
        Rows of the table ``inequality``, of the latest date.
    """
    return _list_gaps(release, indicator_ids).filter(pl.col("lower_cl") > 0)


def say_clear_gaps(release: Release, indicator_ids: Iterable[str]) -> str:
    """On how many indicators the most deprived fifth of a place has clearly the worse of it, and the widest.

    Parameters
    ----------
    release, indicator_ids
        As for ``list_clear_gaps``.
    """
    measured = _list_gaps(release, indicator_ids)
    if measured.is_empty():
        return "This release measures no gap between the fifths of the place’s own areas."
    gaps = measured.filter(pl.col("lower_cl") > 0)
    compared = count_in_words(measured.height, "indicator")
    if gaps.is_empty():
        return (
            f"On none of {compared} in per cent is the most deprived fifth of the place’s own areas clearly "
            "worse off than the least deprived."
        )
    named = [
        f"{release.indicators[row['indicator_id']].short_name} ({format_difference(row['value'], PERCENT)})"
        for row in gaps.head(_MOST_NAMED).iter_rows(named=True)
    ]
    widest = "Widest gap" if len(named) == 1 else "Widest gaps"
    return (
        f"On {gaps.height:,} of {compared} in per cent the most deprived fifth of the place’s own areas is "
        f"clearly worse off than the least deprived. {widest}: {list_in_words(named)}."
    )


def _list_gaps(release: Release, indicator_ids: Iterable[str]) -> pl.DataFrame:
    infos = (release.indicators[name] for name in indicator_ids)
    sided = [info.id for info in infos if info.unit == PERCENT and info.polarity != Polarity.NONE]
    own = release.table("inequality").filter(
        (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.LOCAL_QUINTILE)
    )
    return own.filter(
        (pl.col("period") == pl.col("period").max())
        & (pl.col("measure") == "gap")
        & (pl.col("value_note") == ValueNote.PUBLISHED)
        & pl.col("indicator_id").is_in(sided)
    ).sort("value", "indicator_id", descending=[True, False])


def _count_changes(groups: Sequence[Series], view: Breakdown) -> str:
    """How many groups did better or worse: what a gap by itself does not tell."""
    ends = [series.ends for series in groups if series.ends]
    if not ends:
        return f"No {view.noun} has published figures of two periods."
    changes = [judge_change(first, last, view.info) for first, last in ends]
    words = _UP_OR_DOWN if view.info.polarity == Polarity.NONE else _BETTER_OR_WORSE
    counts = {told: changes.count(change) for change, told in words.items()}
    told = " and ".join(f"{count or 'none'} {words}" for words, count in counts.items())
    unclear = len(ends) - sum(counts.values())
    chance = f"; for {unclear} the change may be chance" if unclear else ""
    hidden = len(groups) - len(ends)
    left_out = f" {count_in_words(hidden, view.noun)} cannot be compared: too few published figures."
    compared = count_in_words(len(ends), view.noun)
    return f"Of {compared}, from first to last, {told}{chance}.{left_out if hidden else ''}"


def _say_gap(groups: Sequence[Series], overall: Series, view: Breakdown) -> str:
    """The gap between the ends of deprivation; else between the group furthest behind and everybody."""
    if view.info.polarity == Polarity.NONE or len(groups) < 2:
        return ""
    if view.cut in DEPRIVATION:
        between = f"the most and the least deprived {view.noun}"
        other = f"the least deprived {view.noun}"
        return say_gap_change(groups[0], groups[-1], view.info, between=between, other=other)
    furthest = _find_furthest(groups, overall, view.info)
    if furthest is None:
        return "No group is clearly behind the whole now."
    gap = say_gap_change(
        furthest,
        overall,
        view.info,
        between="this group and everybody",
        names=("the group", "everybody together"),
        other="everybody together",
    )
    return f"Furthest behind now: {furthest.name}. {gap}"


def _say_editions(view: Breakdown) -> str:
    """That groups of one name were not made of the same areas throughout."""
    editions = view.editions
    if len(editions) < 2:
        return ""
    return (
        f"The {view.noun}s were drawn up anew in this time ({'; then '.join(editions)}): compare with care."
    )


def _find_furthest(groups: Sequence[Series], overall: Series, info: IndicatorInfo) -> Series | None:
    """The group whose latest figure is furthest on the worse side of everybody's, clear of chance."""
    level = overall.cells[-1]
    if level.value is None:
        return None
    sign = 1 if info.polarity == Polarity.HIGHER_IS_BETTER else -1
    behind = [
        (sign * (level.value - (series.cells[-1].value or 0.0)), series)
        for series in groups
        if series.cells[-1].has_interval
        and judge_difference(series.cells[-1], level) in (Certainty.APART, Certainty.PROBABLE)
    ]
    behind = [(gap, series) for gap, series in behind if gap > 0]
    return max(behind, key=lambda one: one[0])[1] if behind else None


def _table_row(number: int, everyone: Sequence[Series], unit: str) -> tuple[str, ...]:
    cells = [series.cells[number] for series in everyone]
    figures = (format_value_with_interval(one.value, one.lower, one.upper, unit, one.note) for one in cells)
    return (cells[0].label, *figures)
