"""Funnel plots: how far from the average an area of its size may lie by chance."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    REASONS,
    Floats,
    reasons_for,
    require_counts,
    require_numbers,
    require_rows,
    require_same_shape,
)
from evenground.stats.intervals import calculate_poisson_interval

STATISTICS: Final = ("proportion", "crude_rate", "dsr", "ratio")
"""What can be drawn on a funnel: a share, a crude rate, a directly standardised rate, an indirectly
standardised ratio."""

TAILS: Final = {"2s": 0.025, "3s": 0.001}
"""The chance beyond each limit, on one side. The field speaks of two and three standard deviations and
means these round tails (1.96 and 3.09 of them): Fingertips public health technical guidance, funnel plots."""

FEWEST_DSR_EVENTS: Final = 10
"""A directly standardised rate on fewer events is not placed on a funnel (the same guidance)."""

_SIGNIFICANCE: Final = ("within_limits", "below_2s", "below_3s", "above_2s", "above_3s", "not_compared")


class FunnelLimits(NamedTuple):
    """The control limits at each point, in the units of the baseline.

    Attributes
    ----------
    lower_2s, upper_2s
        95 in 100 areas that are average lie between them by chance.
    lower_3s, upper_3s
        998 in 1,000 do.
    """

    lower_2s: Floats
    upper_2s: Floats
    lower_3s: Floats
    upper_3s: Floats


class FunnelCurves(NamedTuple):
    """The control limits of rates and ratios by numbers of events, to draw as four lines.

    Attributes
    ----------
    limits
        The rate or ratio that so many events are, where they lie just on each limit.
    denominators
        The denominators they lie there at: the other coordinate of each line.
    """

    limits: FunnelLimits
    denominators: FunnelLimits


class FunnelPoints(NamedTuple):
    """Where each area stands on the plot.

    Attributes
    ----------
    value
        Numerator over denominator, times the multiplier.
    denominator
        The denominator of one year.
    reason
        Why a point is NaN: ``missing``, ``no_population``, ``too_few_events``; or the empty text.
    """

    value: Floats
    denominator: Floats
    reason: NDArray[np.str_]


class FunnelSignificance(NamedTuple):
    """Which limits each area lies beyond.

    Attributes
    ----------
    significance
        ``below_3s``, ``below_2s``, ``within_limits``, ``above_2s``, ``above_3s``, or ``not_compared``
        where there is a reason. High is not always bad: the words name no side as the good one.
    reason
        ``missing``, ``no_population``, ``too_few_events``, or the empty text.
    """

    significance: NDArray[np.str_]
    reason: NDArray[np.str_]


def calculate_funnel_limits(
    denominator: ArrayLike, *, statistic: str, baseline: ArrayLike, multiplier: float = 1.0
) -> FunnelLimits:
    """The control limits at given denominators.

    Parameters
    ----------
    denominator
        Population or person-years for shares and rates, expected events for ratios; of any shape. For
        directly standardised rates ``calculate_effective_population``. NaN, and 0, give NaN.
    statistic
        ``proportion``, ``crude_rate``, ``dsr`` or ``ratio``.
    baseline
        The average to compare with, in the units of the value: ``calculate_funnel_baseline``; for a ratio
        to its own standard, the multiplier.
    multiplier
        What the value is expressed per: 100 for a percentage, 100,000 for most rates.

    Returns
    -------
    FunnelLimits
        Of shares: the normal approximation, which at small denominators goes below 0 and above 1; no
        share lies beyond such a limit, and a chart stops at its edge. Of rates and ratios: exact; the
        lower limit is 0 where so few events are expected that none at all would be no surprise.

    Raises
    ------
    InputError
        Where the statistic is not known, a denominator or baseline is negative or infinite, or the
        baseline of a share is above the multiplier.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: funnel
    plots.

    Examples
    --------
    >>> limits = calculate_funnel_limits([100, 2500], statistic="proportion", baseline=20, multiplier=100)
    >>> print(limits.lower_2s.round(2), limits.upper_3s.round(2))
    [12.16 18.43] [32.36 22.47]
    """
    _require_statistic(statistic)
    n, average = require_same_shape(
        denominator=require_counts("denominator", denominator),
        baseline=require_counts("baseline", baseline) / _require_multiplier(multiplier),
    )
    n = np.where(n > 0, n, np.nan)
    if statistic != "proportion":
        expected = np.where(average > 0, n * average, np.nan)
        events = [_events_on_limit(expected, tail) for tail in TAILS.values()]
        return _limits_of([(lower / n, upper / n) for lower, upper in events], multiplier)
    require_rows(average <= 1, average, "the baseline of a share is above the multiplier")
    spread = np.sqrt(average * (1 - average) / n)
    widths = [-special.ndtri(tail) * spread for tail in TAILS.values()]
    return _limits_of([(average - width, average + width) for width in widths], multiplier)


def calculate_funnel_curves(
    events: ArrayLike, *, baseline: ArrayLike, multiplier: float = 1.0, years_of_data: float = 1.0
) -> FunnelCurves:
    """The control limits of rates and ratios as lines, from numbers of events.

    They are the lines of ``calculate_funnel_limits``, reached from the other side: so many events, and
    the denominators at which they lie just on a limit. The field's programs draw their funnels so.

    Parameters
    ----------
    events
        Numbers of events to give points for, such as ``calculate_funnel_grid``; NaN gives NaN. At 0 events
        the lower lines are at 0 and the upper ones are NaN.
    baseline
        The average, in the units of the value; for a ratio to its own standard, the multiplier.
    multiplier
        What the value is expressed per.
    years_of_data
        How many years the events are of: denominators are of one year.

    Returns
    -------
    FunnelCurves

    Raises
    ------
    InputError
        Where an input is negative or infinite.

    References
    ----------
    As for ``calculate_funnel_limits``. The limits are Garwood's exact ones: Biometrika 1936;28:437-42.

    Examples
    --------
    The ratio of 10 events is just significantly high where 4.80 were expected:

    >>> curves = calculate_funnel_curves(10, baseline=100, multiplier=100)
    >>> print(f"{curves.limits.upper_2s:.1f} at {curves.denominators.upper_2s:.2f}")
    208.5 at 4.80
    """
    x, average = require_same_shape(
        events=require_counts("events", events),
        baseline=require_counts("baseline", baseline) / _require_multiplier(multiplier),
    )
    average = np.where(average > 0, average, np.nan)
    shape = np.where(x > 0, x, np.nan)
    population = [
        (special.gammainccinv(x + 1, tail) / average, special.gammaincinv(shape, tail) / average)
        for tail in TAILS.values()
    ]
    return FunnelCurves(
        _limits_of([(x / lower, x / upper) for lower, upper in population], multiplier),
        _limits_of(population, 1 / _require_years(years_of_data)),
    )


def calculate_funnel_grid(
    denominator: ArrayLike,
    *,
    statistic: str,
    baseline: float | None = None,
    multiplier: float = 1.0,
    years_of_data: float = 1.0,
    points: int = 100,
) -> Floats:
    """Points along the plot to draw the limits at, closer together where the lines are steep.

    Parameters
    ----------
    denominator
        The denominators of the areas, any shape; NaN is left out.
    statistic
        ``proportion``, ``crude_rate``, ``dsr`` or ``ratio``.
    baseline, multiplier
        For rates, the average in units of the value: it turns populations into events.
    years_of_data
        For rates, how many years the denominators are of: the ends are round in years' populations.
    points
        How many.

    Returns
    -------
    numpy.ndarray
        Shape (points,), whole numbers, rising: populations for shares, events for rates and ratios. From 1,
        or from just below the smallest area where the largest is at most twice its size, to just above
        the largest, but always rising by at least 1.

    Raises
    ------
    InputError
        Where there is no denominator above 0, a baseline is missing, or there are fewer than 2 points.

    References
    ----------
    PHEindicatormethods 2.1.0, ``calculate_funnel_limits``: the same points.

    Examples
    --------
    >>> print(calculate_funnel_grid([120, 4000], statistic="proportion", points=5).astype(int))
    [   1    8   65  522 4200]
    """
    _require_statistic(statistic)
    n = require_counts("denominator", denominator).ravel()
    n = n[n > 0]
    if not n.size or points < 2:
        raise InputError("A funnel needs at least one area with a denominator above 0 and two points.")
    is_rate = statistic in ("crude_rate", "dsr")
    years = _require_years(years_of_data) if is_rate else 1.0
    start = 0.0 if n.max() > 2 * n.min() else _round_down(n.min() / years) * years
    end = _round_up(n.max() / years) * years
    if is_rate:
        if baseline is None:
            raise InputError("The grid of a rate's funnel needs a baseline: it is drawn by events.")
        average = float(baseline) / _require_multiplier(multiplier)
        start, end = np.floor(start * average), np.ceil(end * average)
    return _spread_points(max(1.0, start), float(end), points, late=statistic == "ratio")


def calculate_funnel_baseline(
    numerator: ArrayLike, denominator: ArrayLike, *, multiplier: float = 1.0
) -> Floats:
    """The average of all areas together: all events over all denominators.

    Parameters
    ----------
    numerator, denominator
        Of each area, of shapes that broadcast together, areas along the last axis. An area where either
        is NaN or the denominator is 0 is left out.
    multiplier
        What the value is expressed per.

    Returns
    -------
    numpy.ndarray
        Of the leading axes' shape; NaN where no area is left.

    Raises
    ------
    InputError
        Where an input is negative or infinite.

    Examples
    --------
    >>> print(calculate_funnel_baseline([10, 20, np.nan], [100, 300, 50], multiplier=100))
    7.5
    """
    x, n = _require_areas(numerator, denominator)
    used = ~np.isnan(x) & (n > 0)
    total = np.where(used, n, 0.0).sum(axis=-1)
    events = np.where(used, x, 0.0).sum(axis=-1)
    return np.asarray(multiplier * events / np.where(total > 0, total, np.nan))


def calculate_effective_population(
    count: ArrayLike, rate: ArrayLike, *, multiplier: float = 100_000.0
) -> Floats:
    """The population in which so many events would be this rate, if it were a crude one.

    It gives a directly standardised rate a place along a funnel.

    Parameters
    ----------
    count
        Events.
    rate
        The standardised rate, of a shape that broadcasts with the events.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    numpy.ndarray
        NaN where there are no events, because a rate of 0 says nothing of its population, and where an
        input is NaN.

    Raises
    ------
    InputError
        Where an input is negative or infinite, or events have a rate of 0.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: funnel
    plots for directly standardised rates.

    Examples
    --------
    >>> print(calculate_effective_population([50, 0], [250.0, 0.0]))
    [20000.    nan]
    """
    x, r = require_same_shape(count=require_counts("count", count), rate=require_counts("rate", rate))
    require_rows((r > 0) | (x == 0) | np.isnan(r), x, "events have a rate of 0")
    return _require_multiplier(multiplier) * x / np.where(x > 0, r, np.nan)


def calculate_funnel_points(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    statistic: str,
    multiplier: float = 1.0,
    years_of_data: float = 1.0,
) -> FunnelPoints:
    """Where each area stands on the plot.

    Parameters
    ----------
    numerator, denominator
        As for ``assign_funnel_significance``.
    statistic
        ``proportion``, ``crude_rate``, ``dsr`` or ``ratio``.
    multiplier
        What the value is expressed per.
    years_of_data
        How many years the denominators are of: points stand at the denominator of one.

    Returns
    -------
    FunnelPoints
        NaN with a reason: ``missing``, ``no_population``, ``too_few_events`` for a directly standardised
        rate on fewer than 10.

    Raises
    ------
    InputError
        As for ``assign_funnel_significance``.

    Examples
    --------
    >>> points = calculate_funnel_points([50, 8], [20_000, 4_000], statistic="dsr", multiplier=100_000)
    >>> print(points.value, points.reason)
    [250.  nan] ['' 'too_few_events']
    """
    x, n, codes = _require_points(numerator, denominator, statistic)
    usable = np.where(codes == 0, n, np.nan)
    value = _require_multiplier(multiplier) * x / usable
    return FunnelPoints(value, usable / _require_years(years_of_data), np.asarray(REASONS)[codes])


def assign_funnel_significance(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    statistic: str,
    baseline: ArrayLike | None = None,
    multiplier: float = 1.0,
) -> FunnelSignificance:
    """Say which control limits each area lies beyond.

    Parameters
    ----------
    numerator
        Events of each area, of any shape, areas along the last axis.
    denominator
        Their population, person-years or expected events; for directly standardised rates
        ``calculate_effective_population``.
    statistic
        ``proportion``, ``crude_rate``, ``dsr`` or ``ratio``.
    baseline
        The average to compare with, in the units of the value. Not given: that of these areas together
        (``calculate_funnel_baseline``), and for a ratio the multiplier, its own standard.
    multiplier
        What the baseline is expressed per.

    Returns
    -------
    FunnelSignificance
        A share against the limits of ``calculate_funnel_limits``. A rate or ratio by its own 95 % and
        99.8 % intervals: exact below 10 events, Byar's from 10, so that a point hard by a drawn line may
        lie on the other side of it. A figure just on a limit lies within it.

    Raises
    ------
    InputError
        Where the statistic is not known, an input is negative or infinite, or a share's numerator is above
        its denominator; rows are named.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: funnel
    plots. Spiegelhalter DJ. Stat Med 2005;24:1185-1202.

    Examples
    --------
    >>> beyond = assign_funnel_significance([260, 200, 120], [1000, 1000, 1000], statistic="proportion")
    >>> print(beyond.significance)
    ['above_3s' 'within_limits' 'below_3s']
    """
    x, n, codes = _require_points(numerator, denominator, statistic)
    if baseline is None:
        own = calculate_funnel_baseline(x, n)[..., np.newaxis]
        average = np.ones(()) if statistic == "ratio" else own
    else:
        average = require_counts("baseline", baseline) / _require_multiplier(multiplier)
    usable = np.where(codes == 0, n, np.nan)
    if statistic == "proportion":
        limits = calculate_funnel_limits(usable, statistic=statistic, baseline=average)
        share = x / usable
        beyond = [share < limits.lower_3s, share < limits.lower_2s,
                  share > limits.upper_3s, share > limits.upper_2s]  # fmt: skip
    else:
        wide, narrow = (
            calculate_poisson_interval(x, confidence_level=1 - 2 * TAILS[s]) for s in ("3s", "2s")
        )
        expected = average * usable
        beyond = [wide[1] < expected, narrow[1] < expected, wide[0] > expected, narrow[0] > expected]
    not_compared = (codes != 0) | np.isnan(average * usable)
    picked = np.select([not_compared, *beyond], [5, 2, 1, 4, 3], 0)
    return FunnelSignificance(np.asarray(_SIGNIFICANCE)[picked], np.asarray(REASONS)[codes])


def _require_statistic(statistic: str) -> None:
    if statistic not in STATISTICS:
        raise InputError(f'The statistic "{statistic}" is not known. {suggest(statistic, STATISTICS)}')


def _require_multiplier(multiplier: float) -> float:
    return _require_above_zero("multiplier", multiplier)


def _require_years(years_of_data: float) -> float:
    return _require_above_zero("years_of_data", years_of_data)


def _require_above_zero(name: str, number: float) -> float:
    value = require_numbers(name, number)
    if value.ndim or not value > 0:
        raise InputError(f"{name} must be one number above 0.")
    return float(value)


def _require_areas(numerator: ArrayLike, denominator: ArrayLike) -> tuple[Floats, Floats]:
    x, n = require_same_shape(
        numerator=require_counts("numerator", numerator),
        denominator=require_counts("denominator", denominator),
    )
    return np.atleast_1d(x), np.atleast_1d(n)


def _require_points(
    numerator: ArrayLike, denominator: ArrayLike, statistic: str
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    _require_statistic(statistic)
    x, n = _require_areas(numerator, denominator)
    if statistic == "proportion":
        require_rows((x <= n) | np.isnan(n), x, "the numerator is above the denominator")
    is_dsr = statistic == "dsr"
    few = is_dsr & (x < FEWEST_DSR_EVENTS)
    # No events have no effective population: they are too few, rather than missing.
    missing = np.isnan(x) | (np.isnan(n) & ~few)
    return x, n, reasons_for(x.shape, missing=missing, no_population=n == 0, too_few_events=few)


def _limits_of(pairs: list[tuple[Floats, Floats]], multiplier: float) -> FunnelLimits:
    (lower_2s, upper_2s), (lower_3s, upper_3s) = pairs
    return FunnelLimits(*(np.asarray(part * multiplier) for part in (lower_2s, upper_2s, lower_3s, upper_3s)))


def _events_on_limit(expected: Floats, tail: float) -> tuple[Floats, Floats]:
    """How many events, in fractions, lie just on each limit when so many are expected."""
    lower = special.pdtrik(tail, expected)
    # That many or more, rather than more than that many.
    upper = np.array(special.pdtrik(1 - tail, expected) + 1)
    # Below one event the count's own inverse stops at none; the gamma function's goes on.
    scarce = expected < -np.log1p(-tail)
    upper[scarce] = special.gdtrib(1.0, tail, expected[scarce])
    return lower, upper


def _round_down(size: float) -> float:
    """95 % of a size, rounded down to one figure: where an axis starts."""
    step = 10.0 ** (len(str(int(np.floor(size * 0.95)))) - 1)
    return float(np.floor(size * 0.95 / step) * step)


def _round_up(size: float) -> float:
    """105 % of a size, rounded up to two figures: where an axis ends."""
    step = 10.0 ** (len(str(int(np.ceil(size * 1.05)))) - 2)
    return float(np.ceil(size * 1.05 / step) * step)


def _spread_points(start: float, end: float, points: int, *, late: bool) -> Floats:
    x = np.empty(points)
    x[0] = start
    for j in range(1, points):
        # Each point takes its share of what is left in ratio. Ratios are drawn with one share more to
        # come, and so stop short of the end.
        left = points - j + (1 if late else 0)
        x[j] = max(np.rint((end / x[j - 1]) ** (1 / left) * x[j - 1]), x[j - 1] + 1)
    return x
