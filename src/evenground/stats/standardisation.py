"""Rates that a different age structure does not distort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_rows,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups
from evenground.stats.intervals import byars_limits, count_limits, require_multiplier, scale

EUROPEAN_STANDARD_POPULATION_2013: Final = (
    5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000,
    7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000,
)  # fmt: skip
"""Eurostat, Revision of the European Standard Population, 2013: five-year bands 0-4 to 85-89, and 90+."""

FEWEST_EVENTS: Final = 10
"""A directly standardised rate of fewer events is not calculated."""


def calculate_dsr(
    count: ArrayLike,
    population: ArrayLike,
    standard_population: ArrayLike = EUROPEAN_STANDARD_POPULATION_2013,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    event_frequency: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100_000.0,
) -> Estimate:
    """Directly standardised rate with Dobson's interval on Byar's limits.

    Parameters
    ----------
    count
        Events by age band: shape (..., bands), or (rows,) with ``groups`` or ``offsets``. With
        ``event_frequency``, persons who had that many events.
    population
        Persons or person-years of the same shape.
    standard_population
        Weights: (bands,), shared by all groups of a table (or, with ``offsets``, of groups that all have
        so many rows); or one for each row.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    event_frequency
        Events per person in each row, where one person can have several: the interval is then wider than
        that of as many events in different people. Each age band has a row for each frequency (a count of
        0 where nobody had so many), with the same population and the same weight in each of them.
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    Estimate
        One figure for each group. NaN with a reason: ``missing`` where a count, population or weight of
        the group is NaN, ``no_population`` where an age band has none (its rate is not known),
        ``too_few_events`` below 10 events. A caller whose absent counts are zeros says so with
        ``numpy.nan_to_num``. The standard error is the square root of Dobson's variance.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), shapes differ, a group's standard
        population is zero, or the frequencies of a group do not have the same age bands.

    References
    ----------
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted sums of Poisson
    parameters. Stat Med 1991;10:457-62, eq. 3. Association of Public Health Observatories. Technical
    briefing 3, 2008, pp. 8-9. For events that are not independent: the variances of the rates of
    persons with one, two, ... events add up, each times the square of its number of events, as in
    PHEindicatormethods 2.1.0, ``calculate_dsr``.

    Examples
    --------
    Two age bands in two areas with the same rates have the same standardised rate:

    >>> dsr = calculate_dsr([[10, 40], [30, 20]], [[1000, 1000], [3000, 500]], [3, 1], multiplier=1000)
    >>> print(dsr.value)
    [17.5 17.5]
    """
    by_band = {"standard_population": standard_population}
    if event_frequency is not None:
        by_band["event_frequency"] = event_frequency
    bands = _lay_out({"count": count, "population": population}, by_band, groups, offsets)
    (x, n), (w, *frequency) = bands.by_row, bands.by_band
    f = bands.at_rows(frequency[0]) if frequency else None
    x = x if f is None else x * f
    events, level = bands.rows.total(x), require_confidence_level(confidence_level)
    rate, variance = _weighted_rate(bands, x, n, w, f)
    found = {"too_few_events": events < FEWEST_EVENTS}
    # Where every rate is finite, nothing is missing and no age band is without people.
    if not np.isfinite(np.sum(rate)):
        found["missing"] = np.isnan(events + bands.rows.total(n) + bands.total(w))
        found["no_population"] = bands.rows.total((n == 0).astype(np.float64)) > 0
    reasons = reasons_for(np.broadcast_shapes(events.shape, level.shape), **found)
    return _dobson(events, rate, variance, level, require_multiplier(multiplier), reasons)


def calculate_expected_events(
    population: ArrayLike,
    *,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
) -> Floats:
    """The events that each group would have if each of its age bands had the reference's rate.

    Parameters
    ----------
    population
        Persons or person-years by age band: shape (..., bands), or (rows,) with ``groups`` or ``offsets``.
    reference_count, reference_population
        Events and persons of the reference: (bands,), shared by all groups of a table (or, with
        ``offsets``, of groups that all have so many rows); or one for each row.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).

    Returns
    -------
    numpy.ndarray
        One number for each group, 0 for a group without people. NaN where an input of the group is NaN,
        or where it has people in an age band of which the reference has none.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), or shapes, groups or offsets do not fit.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC 1987, ch. 2.

    Examples
    --------
    A reference with 1 event per 1,000 young and 50 per 1,000 old people:

    >>> print(calculate_expected_events([[2000, 300], [900, 1100]],
    ...                                 reference_count=[10, 500], reference_population=[10_000, 10_000]))
    [17.  55.9]
    """
    reference = _expect({}, population, reference_count, reference_population, groups, offsets)
    return np.asarray(np.where(reference.unknown, np.nan, reference.events))


def calculate_indirectly_standardised_ratio(
    count: ArrayLike | None,
    population: ArrayLike,
    *,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    observed: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: ArrayLike = 100.0,
) -> Estimate:
    """Indirectly standardised ratio: events over those expected at the reference's rates.

    Of deaths it is the standardised mortality ratio (SMR). Each group is compared with the reference, and
    strictly not with another group: every group has its own weights.

    Parameters
    ----------
    count
        Events by age band: shape (..., bands), or (rows,) with ``groups`` or ``offsets``. ``None`` where
        only the events of each group are known: give these as ``observed``.
    population
        Persons or person-years of the same shape.
    reference_count, reference_population
        Events and persons of the reference: (bands,), shared by all groups of a table (or, with
        ``offsets``, of groups that all have so many rows); or one for each row.
    observed
        The events of each group, of the shape of the result; instead of ``count``.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        What stands for "as many as expected": 100, or 1.

    Returns
    -------
    Estimate
        NaN with a reason: ``missing`` where an input of the group is NaN, ``no_population`` where it has
        no people, or people in an age band of which the reference has none, ``not_estimable`` where no
        events are expected. The limits are those of the count (exact below 10, Byar's from 10) and the
        standard error its square root, over the expected events.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), shapes, groups or offsets do not fit,
        the multiplier is not above 0, or not exactly one of count and observed is given.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC 1987, ch. 2.
    Association of Public Health Observatories. Technical briefing 3, 2008, pp. 8-9.

    Examples
    --------
    >>> reference = {"reference_count": [10, 500], "reference_population": [10_000, 10_000]}
    >>> smr = calculate_indirectly_standardised_ratio([[4, 16], [1, 49]], [[2000, 300], [900, 1100]],
    ...                                               **reference)
    >>> print(smr.value.round(1), smr.lower_cl.round(1), smr.upper_cl.round(1))
    [117.6  89.4] [71.8 66.4] [181.7 117.9]

    The same from the totals of the two areas:

    >>> print(calculate_indirectly_standardised_ratio(None, [[2000, 300], [900, 1100]], observed=[20, 50],
    ...                                               **reference).value.round(1))
    [117.6  89.4]
    """
    events, reference = _observe(
        count, observed, population, reference_count, reference_population, groups, offsets
    )
    return _over_expected(events, reference, require_multiplier(multiplier), confidence_level)


def calculate_indirectly_standardised_rate(
    count: ArrayLike | None,
    population: ArrayLike,
    *,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    observed: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: ArrayLike = 100_000.0,
) -> Estimate:
    """Indirectly standardised rate: the standardised ratio times the reference's crude rate.

    Parameters
    ----------
    count, population, reference_count, reference_population, observed, groups, offsets, confidence_level
        As for ``calculate_indirectly_standardised_ratio``.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    Estimate
        As for ``calculate_indirectly_standardised_ratio``. The crude rate of the reference is that over
        the age bands that the group has rows for.

    Raises
    ------
    InputError
        As for ``calculate_indirectly_standardised_ratio``.

    References
    ----------
    Association of Public Health Observatories. Technical briefing 3, 2008, pp. 8-9.

    Examples
    --------
    >>> rate = calculate_indirectly_standardised_rate(
    ...     [4, 16], [2000, 300], reference_count=[10, 500], reference_population=[10_000, 10_000])
    >>> print(f"{rate.value:.0f} ({rate.lower_cl:.0f} to {rate.upper_cl:.0f})")
    3000 (1832 to 4633)
    """
    events, reference = _observe(
        count, observed, population, reference_count, reference_population, groups, offsets
    )
    per = reference.rate * require_multiplier(multiplier)
    return _over_expected(events, reference, per, confidence_level)


class _Bands(NamedTuple):
    """Rows in groups, with what belongs to an age band: (bands,) where all groups share it, or by row."""

    rows: Groups
    by_row: list[Floats]
    by_band: list[Floats]
    shared: bool

    def total(self, weights: Floats) -> Floats:
        """The sum of the weights in each group, or that which all share."""
        return np.asarray(weights.sum()) if self.shared else self.rows.total(weights)

    def weigh(self, values: Floats, weights: Floats) -> Floats:
        """The sum in each group of values by row, times weights."""
        size = self.rows.size
        if size is None:
            return self.rows.total(values * weights)
        sums = np.vecdot(values.reshape(-1, size), weights if self.shared else weights.reshape(-1, size))
        return np.asarray(sums).reshape(self.rows.shape)

    def at_rows(self, weights: Floats) -> Floats:
        """The weights, one for each row."""
        return np.tile(weights, self.rows.sizes.size) if self.shared else weights


def _lay_out(
    by_row: Mapping[str, ArrayLike],
    by_band: Mapping[str, ArrayLike],
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> _Bands:
    data = {name: require_counts(name, values) for name, values in by_row.items()}
    kept = {name: require_counts(name, values) for name, values in by_band.items()}
    if offsets is not None and groups is None:
        whole = require_same_shape(**data)
        size = find_groups(whole[0].shape, None, offsets).size
        if size and _fit_a_group(kept, size):
            # Groups of one size in a row are a table.
            data = {name: array.reshape(-1, size) for name, array in zip(data, whole, strict=True)}
            offsets = None
    whole = require_same_shape(**data, **kept)
    rows = find_groups(whole[0].shape, groups, offsets)
    values = [rows.arrange(array) for array in whole[: len(data)]]
    if groups is None and offsets is None and rows.size and _fit_a_group(kept, rows.size):
        return _Bands(rows, values, [np.broadcast_to(array, rows.size) for array in kept.values()], True)
    weights = [rows.arrange(array) for array in whole[len(data) :]]
    if rows.size and rows.sizes.size and all(_is_repeated(array, rows.size) for array in weights):
        # The same numbers written out for each group need not be multiplied for each group.
        return _Bands(rows, values, [array[: rows.size] for array in weights], True)
    return _Bands(rows, values, weights, False)


def _is_repeated(weights: Floats, size: int) -> bool:
    table = weights.reshape(-1, size)
    return np.array_equal(table, np.broadcast_to(table[0], table.shape))


def _fit_a_group(arrays: Mapping[str, Floats], size: int) -> bool:
    return all(array.shape in ((), (1,), (size,)) for array in arrays.values())


def _weighted_rate(
    bands: _Bands, x: Floats, n: Floats, w: Floats, frequency: Floats | None
) -> tuple[Floats, Floats]:
    standard = bands.total(w) if frequency is None else _standard_of_a_frequency(bands, w, frequency)
    if np.any((standard == 0) & (bands.rows.sizes.reshape(bands.rows.shape) > 0)):
        raise InputError("The standard population of a group sums to 0. Give a weight for each age band.")
    with np.errstate(invalid="ignore", divide="ignore"):
        each = x / n
        rate = bands.weigh(each, w) / standard
        each /= n
        if frequency is not None:
            each *= frequency
        variance = bands.weigh(each, w * w) / standard**2
    return rate, variance


def _standard_of_a_frequency(bands: _Bands, w: Floats, frequency: Floats) -> Floats:
    """The standard population of each group: that of the rows of any one frequency, which must agree."""
    require_rows(~np.isnan(frequency), np.zeros(frequency.size), "event_frequency is missing")
    kinds, kind = np.unique(frequency, return_inverse=True)
    number = bands.rows.sizes.size
    cell = np.repeat(np.arange(number), bands.rows.sizes) * kinds.size + kind
    cells = number * kinds.size
    table = np.bincount(cell, weights=bands.at_rows(w), minlength=cells).reshape(number, kinds.size)
    held = np.bincount(cell, minlength=cells).reshape(number, kinds.size) > 0
    highest = np.max(table, axis=1, initial=0.0, where=held)
    lowest = np.min(table, axis=1, initial=np.inf, where=held)
    wrong = np.flatnonzero((highest - lowest > 1e-9 * highest) & held.any(axis=1))
    if wrong.size:
        named = ", ".join(str(group) for group in wrong[:10]) + (", ..." if wrong.size > 10 else "")
        raise InputError(
            f"The standard population differs between event frequencies in {wrong.size} groups: {named} "
            "(the first is 0). Give each age band a row for each frequency, with a count of 0 where nobody "
            "had so many events."
        )
    return np.asarray(highest).reshape(bands.rows.shape)


def _dobson(
    events: Floats,
    rate: Floats,
    variance: Floats,
    level: Floats,
    multiplier: Floats,
    reasons: NDArray[np.int8],
) -> Estimate:
    lower, upper = byars_limits(events, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        stretch = np.sqrt(variance / events)
        lower = (rate + stretch * (lower - events)) * multiplier
        upper = (rate + stretch * (upper - events)) * multiplier
    return Estimate.of(rate * multiplier, lower, upper, reasons, np.sqrt(variance) * multiplier)


class _Expected(NamedTuple):
    """What the reference's rates lead to expect of each group, and the reference's crude rate."""

    bands: _Bands
    events: Floats
    rate: Floats
    unknown: NDArray[np.bool_]


def _expect(
    by_row: Mapping[str, ArrayLike],
    population: ArrayLike,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> _Expected:
    by_band = {"reference_count": reference_count, "reference_population": reference_population}
    bands = _lay_out({"population": population, **by_row}, by_band, groups, offsets)
    n, (events, people) = bands.by_row[0], bands.by_band
    unknown = np.zeros(bands.rows.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = events / people
        if not people.all():
            # A rate that is not known matters only where somebody is of that age.
            concerned = (bands.at_rows(people) == 0) & (n > 0)
            unknown = bands.rows.total(concerned.astype(np.float64)) > 0
            rates = np.where(people == 0, 0 * events, rates)
        crude = np.asarray(bands.total(events) / bands.total(people))
    return _Expected(bands, bands.weigh(n, rates), crude, unknown)


def _observe(
    count: ArrayLike | None,
    observed: ArrayLike | None,
    population: ArrayLike,
    reference_count: ArrayLike,
    reference_population: ArrayLike,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> tuple[Floats, _Expected]:
    if (count is None) == (observed is None):
        raise InputError("Give either count (events by age band) or observed (the events of each group).")
    by_row = {} if count is None else {"count": count}
    expected = _expect(by_row, population, reference_count, reference_population, groups, offsets)
    if observed is None:
        return expected.bands.rows.total(expected.bands.by_row[1]), expected
    totals = require_counts("observed", observed)
    return require_same_shape(observed=totals, groups=expected.events)[0], expected


def _over_expected(
    observed: Floats, expected: _Expected, per: Floats, confidence_level: ArrayLike
) -> Estimate:
    level = require_confidence_level(confidence_level)
    lower, upper = count_limits(observed, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = per / expected.events
        value, error = observed * per / expected.events, np.sqrt(observed) * each
        lower, upper = scale(lower, each), scale(upper, each)
    found = {}
    # Where every value is finite, something is expected of every group and nothing is missing.
    if not np.isfinite(np.sum(value)) or expected.unknown.any():
        nothing = expected.events == 0
        found["missing"] = np.isnan(observed + expected.events)
        found["no_population"] = expected.unknown | (
            nothing & (expected.bands.rows.total(expected.bands.by_row[0]) == 0)
        )
        found["not_estimable"] = nothing
    return Estimate.of(value, lower, upper, reasons_for(lower.shape, **found), error)
