"""Counts to published figures: protected first, worked out afterwards.

Proportions and crude rates are worked out from counts that already went through the disclosure policy, so
no figure says more than the counts beside it. Age-standardised rates are worked out from the true counts by
age and shown, rounded to one decimal place, only where the count they rest on is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure import Policy, protect_figures
from evenground.indicators import Indicator
from evenground.stats import (
    EUROPEAN_STANDARD_POPULATION_2013,
    Estimate,
    calculate_byars_interval,
    calculate_crude_rate,
    calculate_dsr,
    calculate_proportion,
    calculate_rii,
    calculate_sii,
    calculate_standard_error,
    compare_with_benchmark,
)
from evenground.vocabulary import AGE_BANDS, AreaType, Comparison, Cut, Polarity, ValueNote, ValueType

CONFIDENCE_LEVEL: Final = 0.95
GROUP_KEYS: Final = ("area_type", "area_code", "cut", "category")
_ORDER: Final = ("indicator_id", *GROUP_KEYS)
_DSR_DECIMALS: Final = 1
_FIFTHS: Final = ("1", "2", "3", "4", "5")
_MEASURES: Final = ("sii", "rii", "gap")
_SHOWN: Final = (str(ValueNote.PUBLISHED), str(ValueNote.ZERO))


def calculate_values(
    rolled_up: pl.DataFrame,
    indicators: Iterable[Indicator],
    *,
    counts_by_age: Callable[[str], pl.DataFrame],
    policy: Policy,
    period: str,
) -> pl.DataFrame:
    """Every published figure: the ``values`` table of a release.

    Parameters
    ----------
    rolled_up
        One row a group (``GROUP_KEYS``), with each indicator's ``<id>__numerator`` and ``<id>__denominator``.
    indicators
        The indicators to work out.
    counts_by_age
        Gives the same groups by ``age_band`` for one indicator; asked only for age-standardised rates.
    policy
        The disclosure policy of the release.
    period
        The period that the figures are for.
    """
    frames = [_calculate_indicator(rolled_up, indicator, counts_by_age, policy) for indicator in indicators]
    return (
        pl.concat(frames)
        .with_columns(pl.lit(period).alias("period"), pl.lit(CONFIDENCE_LEVEL).alias("confidence_level"))
        .sort(_ORDER)
    )


def calculate_inequality(values: pl.DataFrame, indicators: Iterable[Indicator]) -> pl.DataFrame:
    """Slope and relative index of inequality and the gap between the fifths, for the place.

    Worked out from the published figures by local deprivation quintile (1 = most deprived), so they reveal
    nothing more. Signed so that a larger value always means a larger gap against the more deprived; an
    indicator without polarity is treated as if lower were better.
    """
    rows = [row for indicator in indicators for row in _inequality_rows(values, indicator)]
    keys = ("indicator_id", "area_type", "area_code", "period")
    columns = (*keys, "measure", "value", "lower_cl", "upper_cl", "confidence_level", "value_note")
    return pl.DataFrame(rows, schema={name: INEQUALITY_TYPES.get(name, pl.String) for name in columns})


INEQUALITY_TYPES: Final = dict.fromkeys(("value", "lower_cl", "upper_cl", "confidence_level"), pl.Float64)


def _calculate_indicator(
    rolled_up: pl.DataFrame,
    indicator: Indicator,
    counts_by_age: Callable[[str], pl.DataFrame],
    policy: Policy,
) -> pl.DataFrame:
    wanted = [cut for cut in Cut if indicator.is_cut_by(cut)]
    counts = rolled_up.filter(pl.col("cut").is_in(wanted)).select(
        pl.lit(indicator.id).alias("indicator_id"),
        *GROUP_KEYS,
        pl.col(f"{indicator.id}__numerator").cast(pl.Int64).alias("numerator"),
        # Person-years hide how few the people are: the policy is about people.
        (pl.col(f"{indicator.id}__denominator").cast(pl.Int64) // indicator.years).alias("denominator"),
    )
    protected = protect_figures(counts, policy).with_columns(pl.col("denominator") * indicator.years)
    figures = _with_estimate(protected, _estimate_from_counts(protected, indicator))
    if indicator.value_type is ValueType.DSR:
        # Within one age band there is nothing to standardise: there the crude rate stands.
        is_one_band = pl.col("cut").str.contains(Cut.AGE_BAND, literal=True)
        one_band, others = figures.filter(is_one_band), figures.filter(~is_one_band)
        figures = pl.concat([one_band, _with_dsr(others, counts_by_age(indicator.id), indicator, policy)])
    return _with_comparison(figures, indicator)


def _estimate_from_counts(figures: pl.DataFrame, indicator: Indicator) -> Estimate:
    calculate = calculate_proportion if indicator.value_type is ValueType.PROPORTION else calculate_crude_rate
    numerator = figures["numerator"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    denominator = figures["denominator"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return calculate(
        numerator, denominator, confidence_level=CONFIDENCE_LEVEL, multiplier=indicator.multiplier
    )


def _with_dsr(
    figures: pl.DataFrame, by_age: pl.DataFrame, indicator: Indicator, policy: Policy
) -> pl.DataFrame:
    standard = pl.DataFrame({"age_band": AGE_BANDS, "weight": list(EUROPEAN_STANDARD_POPULATION_2013)})
    # Only the ages that the indicator counts at all: the others have no rate to weight.
    counted = standard.filter(pl.col("age_band").is_in(by_age["age_band"].unique().implode()))
    bands = standard if counted.is_empty() else counted
    # A group lacks a row for a band where nobody of it is of that age: the standard needs every band.
    every_band = figures.select(GROUP_KEYS).join(bands, how="cross", maintain_order="left_right")
    full = every_band.join(by_age, on=[*GROUP_KEYS, "age_band"], how="left", maintain_order="left")
    events = _by_group(full["numerator"], bands.height)
    estimate = calculate_dsr(
        events,
        _by_group(full["denominator"], bands.height),
        bands["weight"].cast(pl.Float64).to_numpy(),
        confidence_level=CONFIDENCE_LEVEL,
        multiplier=indicator.multiplier,
    )
    shown = pl.col("value_note").is_in(_SHOWN)
    reason = pl.lit(pl.Series(estimate.reason.astype(str)))
    too_few = (reason == "too_few_events") | pl.lit(pl.Series(events.sum(axis=1) < policy.least_events))
    is_exempt = pl.lit(policy.exempts("standardised"))
    note = (
        pl.when(shown & ~is_exempt)
        .then(pl.lit(str(ValueNote.SUPPRESSED)))
        .when(shown & too_few)
        .then(pl.lit(str(ValueNote.TOO_FEW_EVENTS)))
        .when(shown & (reason != ""))
        .then(pl.lit(str(ValueNote.MISSING)))
        .otherwise("value_note")
    )
    shown_events = figures["numerator"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    limited = _limit_as_shown(estimate, events.sum(axis=1), shown_events)
    rounded = [np.round(part, _DSR_DECIMALS) for part in limited]
    return _with_estimate(figures.with_columns(note.alias("value_note")), rounded)


def _limit_as_shown(
    estimate: Estimate, events: NDArray[np.float64], shown_events: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """The rate with the limits that its shown count would give.

    How lopsided Dobson's limits are depends on the count alone, so the true ones would tell it exactly.
    """
    true, shown = (
        calculate_byars_interval(count, confidence_level=CONFIDENCE_LEVEL) for count in (events, shown_events)
    )
    value, lower, upper = estimate
    with np.errstate(invalid="ignore", divide="ignore"):
        below = (value - lower) * (shown_events - shown[0]) / (events - true[0])
        above = (upper - value) * (shown[1] - shown_events) / (true[1] - events)
    return value, value - below, value + above


def _by_group(counts: pl.Series, bands: int) -> NDArray[np.float64]:
    return counts.fill_null(0).cast(pl.Float64).to_numpy().reshape(-1, bands)


def _with_estimate(figures: pl.DataFrame, estimate: Sequence[NDArray[np.float64]]) -> pl.DataFrame:
    shown = pl.col("value_note").is_in(_SHOWN)
    return figures.with_columns(
        pl.when(shown).then(pl.lit(_float_series(part))).otherwise(None).alias(name)
        for name, part in zip(("value", "lower_cl", "upper_cl"), estimate, strict=True)
    )


def _with_comparison(figures: pl.DataFrame, indicator: Indicator) -> pl.DataFrame:
    """Compare every figure with the place's figure for everybody, which itself is not compared."""
    is_place = (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.ALL)
    place_value = figures.filter(is_place)["value"]
    benchmark = place_value[0] if place_value.len() and place_value[0] is not None else np.nan
    words = compare_with_benchmark(
        figures["lower_cl"].fill_null(np.nan).to_numpy(),
        figures["upper_cl"].fill_null(np.nan).to_numpy(),
        benchmark,
        polarity=str(indicator.polarity),
    )
    compared = pl.Series(np.asarray(words).astype(str), dtype=pl.String)
    return figures.with_columns(
        pl.when(is_place).then(pl.lit(str(Comparison.NOT_COMPARED))).otherwise(compared).alias("comparison")
    )


def _float_series(values: NDArray[np.float64]) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64).fill_nan(None)


def _inequality_rows(values: pl.DataFrame, indicator: Indicator) -> list[dict[str, object]]:
    fifths = values.filter(
        (pl.col("indicator_id") == indicator.id)
        & (pl.col("area_type") == AreaType.PLACE)
        & (pl.col("cut") == Cut.LOCAL_QUINTILE)
        & pl.col("category").is_in(_FIFTHS)
    ).sort("category")
    place = values.filter(pl.col("area_type") == AreaType.PLACE).row(0, named=True)
    known = fifths.height == len(_FIFTHS) and not fifths["value"].null_count()
    figures = (
        measure_inequality(fifths, indicator.polarity)
        if known
        else dict.fromkeys(_MEASURES, (None, None, None))
    )
    return [
        {
            "indicator_id": indicator.id,
            "area_type": str(AreaType.PLACE),
            "area_code": place["area_code"],
            "period": place["period"],
            "measure": measure,
            "value": value,
            "lower_cl": lower_cl,
            "upper_cl": upper_cl,
            "confidence_level": CONFIDENCE_LEVEL,
            "value_note": str(ValueNote.MISSING if value is None else ValueNote.PUBLISHED),
        }
        for measure, (value, lower_cl, upper_cl) in figures.items()
    ]


def measure_inequality(
    groups: pl.DataFrame, polarity: Polarity
) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Slope index, relative index and gap between the ends, each with its limits; ``None`` for none.

    ``groups`` are fifths or tenths by deprivation, the most deprived first, with ``value``, ``denominator``
    and 95 % limits.
    """
    value = groups["value"].to_numpy()
    population = groups["denominator"].cast(pl.Float64).to_numpy()
    error = calculate_standard_error(
        groups["lower_cl"].to_numpy(), groups["upper_cl"].to_numpy(), confidence_level=CONFIDENCE_LEVEL
    )
    sii = calculate_sii(value, population, standard_error=error, polarity=str(polarity))
    rii = calculate_rii(value, population, standard_error=error, polarity=str(polarity))
    sign = 1 if polarity is Polarity.HIGHER_IS_BETTER else -1
    gap = sign * (value[-1] - value[0])
    half_width = NormalDist().inv_cdf(0.5 + CONFIDENCE_LEVEL / 2) * np.hypot(error[0], error[-1])
    limits = {"sii": tuple(sii), "rii": tuple(rii), "gap": (gap, gap - half_width, gap + half_width)}
    return {measure: _finite(*(float(part) for part in parts)) for measure, parts in limits.items()}


def _finite(
    value: float, lower_cl: float, upper_cl: float
) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if np.isnan(value) else (value, lower_cl, upper_cl)
