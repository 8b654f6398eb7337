"""Measures of inequality from data frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenground.errors import InputError, suggest
from evenground.stats import concentration, slope_index
from evenground.stats import disproportionality as spread
from evenground.stats import inequality as gaps
from evenground.stats.estimates import Estimate, Floats, reasons_for
from evenground.stats.frames.face import By, Levels, confidence_levels, open_groups
from evenground.stats.frames.table import Frame


def calculate_slope_indices(
    frame: Frame,
    *,
    polarity: str,
    value: str = "value",
    population: str = "population",
    standard_error: str | None = None,
    lower_cl: str | None = None,
    upper_cl: str | None = None,
    quantile: str = "quantile",
    relative_rank: str | None = None,
    by: By = None,
    confidence_level: Levels = 0.95,
    **options: Any,
) -> Frame:
    """Slope and relative index of inequality of each group, from a row for each deprivation quantile.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    value, population
        Names of columns: the figure of each quantile, and its people.
    standard_error, lower_cl, upper_cl
        Names of columns: the standard error of each figure, or its limits. Without any of the three, the
        columns ``lower_cl`` and ``upper_cl`` are taken where they are there, else ``standard_error``.
    quantile
        The column with 1 for the most deprived; rows need not be in its order.
    relative_rank
        A column with national midpoints, for national quantiles; without it the ranks are the group's own.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level or several.
    **options
        ``scale``, ``sampling_scale``, ``interval``, ``repetitions``, ``seed``, ``multiplier`` and
        ``limits_confidence_level`` of ``evenground.stats.calculate_slope_indices``.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``measure`` (``sii`` or ``rii``) and the figures: two rows a group and level.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, or a row is impossible.

    Examples
    --------
    >>> import polars as pl
    >>> uptake = pl.DataFrame({
    ...     "quantile": [1, 2, 3, 4, 5], "value": [50.0, 55, 60, 65, 70], "population": [1000] * 5,
    ...     "standard_error": [1.0] * 5,
    ... })
    >>> found = calculate_slope_indices(uptake, polarity="higher_is_better")
    >>> found.select("measure", "value").with_columns(pl.col("value").round(3)).rows()
    [('sii', 25.0), ('rii', 1.526)]
    """
    columns = _error_columns(frame, standard_error, lower_cl, upper_cl)
    if relative_rank:
        columns["relative_rank"] = relative_rank
    grouped = open_groups(
        frame, by, [value, population, *columns.values()], sort_by=quantile, adds=["measure"]
    )
    levels = confidence_levels(confidence_level)
    given: dict[str, Any] = {keyword: grouped.numbers(name) for keyword, name in columns.items()}
    with grouped.naming_rows():
        indices = slope_index.calculate_slope_indices(
            grouped.numbers(value), grouped.numbers(population), polarity=polarity,
            **given,
            quantile=grouped.numbers(quantile), offsets=grouped.offsets,
            confidence_level=levels[:, None], **options,
        )  # fmt: skip
    result: Frame = grouped.measures(indices._asdict(), levels)
    return result


def _error_columns(
    frame: Any, standard_error: str | None, lower_cl: str | None, upper_cl: str | None
) -> dict[str, str]:
    given = {"standard_error": standard_error, "lower_cl": lower_cl, "upper_cl": upper_cl}
    named = {keyword: name for keyword, name in given.items() if name}
    if named:
        return named
    held = set(frame.columns)
    if {"lower_cl", "upper_cl"} <= held:
        return {"lower_cl": "lower_cl", "upper_cl": "upper_cl"}
    return {"standard_error": "standard_error"}


class _Measure(NamedTuple):
    """A measure: its function, whether people weigh, and which keywords it takes."""

    calculate: Callable[..., Estimate]
    weighted: bool
    takes: tuple[str, ...]


_GAP: Final = ("polarity", "ordered", "reference", "subgroups")
_MEASURES: Final = {
    "difference": _Measure(gaps.calculate_difference, False, (*_GAP, "standard_error")),
    "ratio": _Measure(gaps.calculate_ratio, False, (*_GAP, "standard_error")),
    "population_attributable_risk": _Measure(
        gaps.calculate_population_attributable_risk, True, (*_GAP, "scale")
    ),
    "population_attributable_fraction": _Measure(
        gaps.calculate_population_attributable_fraction, True, (*_GAP, "scale")
    ),
    "between_group_variance": _Measure(spread.calculate_between_group_variance, True, ("standard_error",)),
    "between_group_standard_deviation": _Measure(
        spread.calculate_between_group_standard_deviation, True, ("standard_error",)
    ),
    "coefficient_of_variation": _Measure(
        spread.calculate_coefficient_of_variation, True, ("standard_error",)
    ),
    "index_of_disparity": _Measure(spread.calculate_index_of_disparity, True, ("standard_error",)),
    "mean_difference_from_best": _Measure(
        spread.calculate_mean_difference_from_best, True, ("polarity", "standard_error")
    ),
    "mean_difference_from_mean": _Measure(
        spread.calculate_mean_difference_from_mean, True, ("standard_error",)
    ),
    "theil_index": _Measure(spread.calculate_theil_index, True, ("standard_error",)),
    "mean_log_deviation": _Measure(spread.calculate_mean_log_deviation, True, ("standard_error",)),
}
_ORDERED_MEASURES: Final = {
    f"{form}_concentration_index": _Measure(
        partial(concentration.calculate_concentration_index, form=form), True, ("polarity",)
    )
    for form in ("absolute", "relative")
}
MEASURES: Final = (*_MEASURES, *_ORDERED_MEASURES)
"""The measures of ``calculate_inequality``; the last two only where subgroups have an order."""


def calculate_inequality(
    frame: Frame,
    *,
    polarity: str,
    measures: Sequence[str] | None = None,
    value: str = "value",
    population: str = "population",
    standard_error: str | None = None,
    subgroup: str | None = None,
    ordered: bool = False,
    reference: object = None,
    scale: float | None = None,
    by: By = None,
    confidence_level: Levels = 0.95,
) -> Frame:
    """Summary measures of inequality between subgroups, beside the overall level.

    Parameters
    ----------
    frame
        A Polars or pandas data frame with a row for each subgroup of each group.
    polarity
        ``higher_is_better`` or ``lower_is_better``.
    measures
        Some of ``MEASURES``; all that apply unless told.
    value, population
        Names of columns: the figure of each subgroup, and its people.
    standard_error
        The column with the standard error of each figure. Without it most measures have no interval.
    subgroup
        The column that names the subgroups, for ``reference``; where they are ``ordered``, the column of
        numbers that puts them in order, 1 the most disadvantaged.
    ordered
        Whether subgroups have an order, as deprivation quintiles do and ethnic groups do not. If they
        do, the most disadvantaged is compared with the least, else the worst with the best.
    reference
        The subgroup that others are compared with, by its label.
    scale
        What a value is expressed per, such as 100, where it is a share: gives the population
        attributable risk its interval.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level or several.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``measure`` and the figures. The first measure is ``overall``: the mean by people,
        without which no inequality should be shown.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, a row is impossible, or a measure is not known or
        needs an order.

    Examples
    --------
    >>> import polars as pl
    >>> uptake = pl.DataFrame({
    ...     "quintile": [1, 2, 3, 4, 5], "value": [62.0, 66, 70, 73, 79], "population": [1000] * 5,
    ... })
    >>> found = calculate_inequality(uptake, polarity="higher_is_better", subgroup="quintile", ordered=True,
    ...                              measures=["difference", "relative_concentration_index"])
    >>> found.select("measure", pl.col("value").round(3)).rows()
    [('overall', 70.0), ('difference', 17.0), ('relative_concentration_index', 0.047)]
    """
    chosen = _choose(measures, ordered)
    columns = [value, population, *([standard_error] if standard_error else [])]
    sort_by = subgroup if ordered else None
    named = columns if sort_by or not subgroup else [*columns, subgroup]
    grouped = open_groups(frame, by, named, sort_by=sort_by, adds=["measure"])
    levels = confidence_levels(confidence_level)
    keywords = {
        "polarity": polarity, "ordered": ordered, "reference": reference, "scale": scale,
        "subgroups": grouped.labels(subgroup) if subgroup else None,
        "standard_error": grouped.numbers(standard_error) if standard_error else None,
    }  # fmt: skip
    data = (grouped.numbers(value), grouped.numbers(population))
    shared = {"offsets": grouped.offsets, "confidence_level": levels[:, None]}
    found = {"overall": _overall(*data, grouped.offsets, len(levels))}
    with grouped.naming_rows():
        for name, measure in chosen.items():
            own = {keyword: keywords[keyword] for keyword in measure.takes}
            found[name] = measure.calculate(*data[: 1 + measure.weighted], **own, **shared)
    result: Frame = grouped.measures(found, levels)
    return result


def _choose(measures: Sequence[str] | None, ordered: bool) -> dict[str, _Measure]:
    known = {**_MEASURES, **_ORDERED_MEASURES} if ordered else _MEASURES
    names = list(known) if measures is None else measures
    for name in names:
        if name not in MEASURES:
            raise InputError(f'The measure "{name}" is not known. {suggest(name, MEASURES)}')
        if name not in known:
            raise InputError(f'The measure "{name}" needs subgroups with an order. Say ordered=True.')
    return {name: known[name] for name in names}


def _overall(value: Floats, population: Floats, offsets: NDArray[np.int64], levels: int) -> Estimate:
    """The mean by people; it has no interval of its own here."""
    people = np.add.reduceat(population, offsets[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(value * population, offsets[:-1]) / people
    shape = (levels, len(mean))
    absent = np.full(shape, np.nan)
    reasons = reasons_for(shape, missing=np.isnan(mean) & (people > 0), no_population=people == 0)
    return Estimate.of(np.broadcast_to(mean, shape), absent, absent, reasons)
