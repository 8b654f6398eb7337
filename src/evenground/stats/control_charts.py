"""Statistical process control in the manner of NHS England's "Making data count": the XmR chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import REASONS, Floats, reasons_for, require_numbers
from evenground.stats.polarity import require_polarity

LIMIT_FACTOR: Final = 2.66
"""Process limits lie so many mean moving ranges from the mean: 3 / 1.128, to the two decimals that Wheeler
(Understanding variation, 2nd ed., SPC Press 2000, p. 60) and the NHS's tools use."""

RANGE_LIMIT_FACTOR: Final = 3.267
"""The upper range limit in mean moving ranges: D4 for two values (Wheeler; Nelson, J Qual Technol 1982)."""

LONG_RUN: Final = 7
"""Points in a row on one side of the mean, or rising or falling, that are a special cause (NHS England and
NHS Improvement. Making data count: getting started, 2019)."""

FEWEST_POINTS: Final = 13
"""Points below which Making data count's chart tool shows neither limits nor icons (its author at
github.com/nhs-r-community/NHSRplotthedots/issues/194, December 2023)."""

_NEAR_LIMIT: Final = 2 / 3

_VARIATIONS: Final = (
    "not_assessed",
    "common_cause",
    "special_cause_improvement",
    "special_cause_concern",
    "special_cause_neither_high",
    "special_cause_neither_low",
)

_ASSURANCES: Final = (
    "not_assessed",
    "no_target",
    "consistently_passing",
    "consistently_failing",
    "hit_and_miss",
)


@dataclass(frozen=True, slots=True, eq=False)
class XmrChart:
    """A chart of each series: its limits, its special causes, and what they say in words.

    Arrays are of the shape of the values, (..., points), unless said otherwise.

    Attributes
    ----------
    mean, lower_limit, upper_limit
        The centre and the process limits of the phase that each point is in; NaN where there is a reason.
    moving_range, moving_range_limit
        How far each point is from the one before it in its phase, and the upper limit of that.
    outside_limits
        A point beyond a process limit.
    run
        Part of seven or more points in a row on one side of the mean.
    trend
        Part of seven or more points in a row that all rise or all fall.
    two_of_three
        A point in the outer third towards a process limit or beyond it, of which there are two or three
        among three points in a row on that side of the mean.
    special_cause
        Any of the four.
    """

    mean: Floats
    lower_limit: Floats
    upper_limit: Floats
    moving_range: Floats
    moving_range_limit: Floats
    outside_limits: NDArray[np.bool_]
    run: NDArray[np.bool_]
    trend: NDArray[np.bool_]
    two_of_three: NDArray[np.bool_]
    special_cause: NDArray[np.bool_]
    _variation_codes: NDArray[np.int8]
    _latest_codes: NDArray[np.int8]
    _assurance_codes: NDArray[np.int8]
    _reason_codes: NDArray[np.int8]

    @property
    def variation(self) -> NDArray[np.str_]:
        """Each point in words.

        ``common_cause``, ``special_cause_improvement``, ``special_cause_concern``;
        ``special_cause_neither_high`` or ``special_cause_neither_low`` where the polarity is ``none``;
        ``not_assessed`` where the point is missing, ghosted or in a phase without limits.
        """
        return np.asarray(_VARIATIONS)[self._variation_codes]

    @property
    def latest_variation(self) -> NDArray[np.str_]:
        """The variation icon of each series in words, shape (...): the words of its latest point."""
        return np.asarray(_VARIATIONS)[self._latest_codes]

    @property
    def assurance(self) -> NDArray[np.str_]:
        """The assurance icon of each series in words, shape (...), by the limits at its latest point.

        ``consistently_passing`` or ``consistently_failing`` where the target lies outside the process
        limits, ``hit_and_miss`` where it lies between them, ``no_target``, ``not_assessed``.
        """
        return np.asarray(_ASSURANCES)[self._assurance_codes]

    @property
    def reason(self) -> NDArray[np.str_]:
        """Why a point has no limits: ``too_few_values`` in its phase; or the empty text."""
        return np.asarray(REASONS)[self._reason_codes]


class _Phases(NamedTuple):
    """The points that count, in one row, and the phase of each: a stretch of one series with one mean.

    Attributes
    ----------
    phase_at
        The phase of every place on the charts.
    counted
        The places, in the flat order of the charts, of the points that count.
    value, phase, begins
        Of the points that count: their values, their phases, whether they are the first in theirs.
    used
        Whether a point is among those its phase's limits are calculated from.
    sizes
        How many points count in each phase.
    """

    phase_at: NDArray[np.int64]
    counted: NDArray[np.int64]
    value: Floats
    phase: NDArray[np.int64]
    begins: NDArray[np.bool_]
    used: NDArray[np.bool_]
    sizes: NDArray[np.int64]


class _Limits(NamedTuple):
    """Of each phase."""

    mean: Floats
    mean_range: Floats
    range_limit: Floats


class _Signals(NamedTuple):
    """Of each point that counts: 1 for high or rising, -1 for low or falling, 0 for no special cause.

    Attributes
    ----------
    rising, falling
        Part of a long rise or of a long fall; the point where they meet is part of both.
    trend
        The later of the two.
    """

    outside: NDArray[np.int8]
    rising: NDArray[np.bool_]
    falling: NDArray[np.bool_]
    trend: NDArray[np.int8]
    two_of_three: NDArray[np.int8]
    run: NDArray[np.int8]


def calculate_xmr_chart(
    value: ArrayLike,
    *,
    polarity: str,
    target: ArrayLike | None = None,
    baseline: int | None = None,
    recalculate_at: ArrayLike | None = None,
    ghosted: ArrayLike | None = None,
    screen_moving_ranges: bool = False,
    minimum_points: int = FEWEST_POINTS,
) -> XmrChart:
    """Chart series of single values over time and tell special causes from common ones.

    Parameters
    ----------
    value
        Shape (..., points), in the order of time. NaN: a gap, passed over as if the points on either side
        were neighbours.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    target
        What the process should reach: one number, or an array that broadcasts with the values (a target
        for each series has shape (..., 1)). NaN: no target. Reached where a value is equal to it.
    baseline
        From how many of its first points the limits of each phase are calculated, at least 2. Not given:
        from all of them.
    recalculate_at
        Where a new phase begins, with a mean and limits of its own and rules that start afresh: the places
        along the last axis, counted from 0, or an array of true and false that broadcasts with the values.
    ghosted
        True for a point to show but leave out of every calculation; it broadcasts with the values.
    screen_moving_ranges
        Leave moving ranges above their upper limit out of the mean range, once, so that a single shock
        does not widen the limits. NHS England's tools do not; NHSRplotthedots does unless told otherwise.
    minimum_points
        How many points a phase needs to have limits, at least 2.

    Returns
    -------
    XmrChart
        A phase with too few points has no limits, and its points are ``not_assessed``, while the others
        have theirs. A point exactly on the mean is on neither side and ends a run; two equal values
        end a trend. A point that is part of both an improvement and a concern is an improvement, as in NHS
        England's tool; without a polarity, a point beyond a limit is told by that, else one in a trend by
        its direction (the later one where two meet), else by its side of the mean.

    Raises
    ------
    InputError
        Where values are infinite or no numbers, shapes do not fit, a place to recalculate at lies outside
        the series, the polarity is not known, or a number of points is below 2.

    References
    ----------
    Wheeler DJ. Understanding variation. 2nd ed. SPC Press 2000. NHS England and NHS Improvement. Making
    data count: strengthening your decisions, 2019. Nelson LS. Control charts for individual measurements. J
    Qual Technol 1982;14:172-3 (screening).

    Examples
    --------
    >>> waits = [10, 12, 11, 9, 13, 10, 12, 11, 10, 9, 12, 11, 10, 21]
    >>> chart = calculate_xmr_chart(waits, polarity="lower_is_better", target=18)
    >>> print(f"{chart.mean[0]:.2f} ({chart.lower_limit[0]:.2f} to {chart.upper_limit[0]:.2f})")
    11.50 (4.75 to 18.25)
    >>> print(chart.latest_variation, chart.assurance)
    special_cause_concern hit_and_miss
    """
    sign = require_polarity(polarity)
    direction = 0.0 if polarity == "none" else sign
    x = require_numbers("value", value)
    if not x.ndim:
        raise InputError("A chart needs a series: a value for each point in time along the last axis.")
    _require_at_least_two(minimum_points=minimum_points, baseline=baseline)
    phases = _find_phases(x, recalculate_at, ghosted, baseline)
    limits = _calculate_limits(phases, screen_moving_ranges, minimum_points)
    signals = _find_signals(phases, limits)
    codes = _code_variation(signals, direction)
    codes[np.isnan(limits.mean[phases.phase])] = 0
    return _draw(x, phases, limits, signals, codes, direction, target)


def _require_at_least_two(**numbers: int | None) -> None:
    for name, number in numbers.items():
        whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
        if number is not None and (not whole or number < 2):
            raise InputError(f"{name} must be a whole number of at least 2, but {number!r} was given.")


def _find_phases(
    x: Floats, recalculate_at: ArrayLike | None, ghosted: ArrayLike | None, baseline: int | None
) -> _Phases:
    begins_at = _mark_places(x.shape, recalculate_at)
    begins_at[..., :1] = True
    phase_at = np.cumsum(begins_at.ravel(), dtype=np.int64) - 1
    hidden = _require_marks("ghosted", ghosted, x.shape) if ghosted is not None else False
    counted = np.flatnonzero(~np.isnan(x) & ~hidden)
    phase = phase_at[counted]
    begins = np.ones(counted.size, dtype=np.bool_)
    begins[1:] = phase[1:] != phase[:-1]
    sizes = np.bincount(phase, minlength=int(begins_at.sum()))
    used = np.ones(counted.size, dtype=np.bool_)
    if baseline is not None:
        used = np.arange(counted.size) - (np.cumsum(sizes) - sizes)[phase] < baseline
    return _Phases(phase_at.reshape(x.shape), counted, x.ravel()[counted], phase, begins, used, sizes)


def _mark_places(shape: tuple[int, ...], places: ArrayLike | None) -> NDArray[np.bool_]:
    marks = np.zeros(shape, dtype=np.bool_)
    if places is None:
        return marks
    given = np.asarray(places)
    if given.dtype == np.bool_:
        return np.array(_require_marks("recalculate_at", given, shape))
    if given.size and not (np.issubdtype(given.dtype, np.integer) and given.ndim <= 1):
        raise InputError("recalculate_at takes whole numbers, places along the series, or true and false.")
    if given.size and (given.min() < 0 or given.max() >= shape[-1]):
        raise InputError(f"recalculate_at names a place outside the series, which has {shape[-1]} points.")
    marks[..., given.astype(np.int64)] = True
    return marks


def _require_marks(name: str, given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    marks = np.asarray(given)
    if marks.dtype != np.bool_:
        raise InputError(f"{name} must hold true or false for each point.")
    try:
        return np.broadcast_to(marks, shape)
    except ValueError as error:
        raise InputError(
            f"{name} has shape {marks.shape}, which does not fit the values' {shape}."
        ) from error


def _calculate_limits(phases: _Phases, screen: bool, minimum_points: int) -> _Limits:
    total = phases.sizes.size
    # Measured from the first point of the phase: the mean of equal values is then that value to the last
    # bit, and no rounding puts every point on one side of it.
    first = np.full(total, np.nan)
    first[phases.phase[phases.begins]] = phases.value[phases.begins]
    away = phases.value - first[phases.phase]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first + _mean_of(away, phases.phase, phases.used, total)
        ranges = _moving_ranges(phases)
        followed = phases.used & ~phases.begins
        mean_range = _mean_of(ranges, phases.phase, followed, total)
        if screen:
            # At most equal, so that a phase without any variation keeps its ranges of zero.
            followed &= ranges <= RANGE_LIMIT_FACTOR * mean_range[phases.phase]
            mean_range = _mean_of(ranges, phases.phase, followed, total)
    few = phases.sizes < minimum_points
    mean, mean_range = np.where(few, np.nan, mean), np.where(few, np.nan, mean_range)
    return _Limits(mean, mean_range, RANGE_LIMIT_FACTOR * mean_range)


def _mean_of(value: Floats, phase: NDArray[np.int64], used: NDArray[np.bool_], total: int) -> Floats:
    number = np.bincount(phase[used], minlength=total)
    return np.asarray(np.bincount(phase[used], weights=value[used], minlength=total) / number)


def _moving_ranges(phases: _Phases) -> Floats:
    """How far each point is from the one before; 0 for the first of a phase, which has none."""
    ranges = np.abs(np.diff(phases.value, prepend=phases.value[:1]))
    return np.where(phases.begins, 0.0, ranges)


def _find_signals(phases: _Phases, limits: _Limits) -> _Signals:
    mean, width = limits.mean[phases.phase], LIMIT_FACTOR * limits.mean_range[phases.phase]
    value = phases.value
    side = (value > mean).astype(np.int8) - (value < mean)
    outside = (value > mean + width).astype(np.int8) - (value < mean - width)
    near = (value > mean + _NEAR_LIMIT * width) | (value < mean - _NEAR_LIMIT * width)
    in_run = _stretch_lengths(side, phases.begins) >= LONG_RUN
    step = np.sign(np.diff(value, prepend=value[:1])).astype(np.int8)
    step[phases.begins | np.isnan(mean)] = 0
    rising, falling = (_find_trend(step, phases.begins, way) for way in (1, -1))
    trend = np.where(rising & falling, -step, rising.astype(np.int8) - falling)
    two_of_three = near & _near_in_three(near, side, phases.phase)
    return _Signals(outside, rising, falling, trend, side * two_of_three, side * in_run)


def _stretch_lengths(kind: NDArray[np.int8], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How long the stretch of points of one kind in one phase is that each point is in."""
    starts = begins.copy()
    starts[1:] |= kind[1:] != kind[:-1]
    places = np.flatnonzero(starts)
    lengths = np.diff(places, append=kind.size)
    return np.repeat(lengths, lengths)


def _find_trend(step: NDArray[np.int8], begins: NDArray[np.bool_], way: int) -> NDArray[np.bool_]:
    # Six steps in a row join seven points; the first of them is where the first step starts.
    long = (step == way) & (_stretch_lengths(step, begins) >= LONG_RUN - 1)
    return np.asarray(long | np.append(long[1:], False)[: long.size])


def _near_in_three(
    near: NDArray[np.bool_], side: NDArray[np.int8], phase: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a point is among three in a row on one side of which two or three are near the limit."""
    among = np.zeros(near.size, dtype=np.bool_)
    if near.size < 3:
        return among
    first, second, third = slice(None, -2), slice(1, -1), slice(2, None)
    joined = (phase[first] == phase[third]) & (side[first] != 0)
    joined &= (side[first] == side[second]) & (side[second] == side[third])
    joined &= near[first].astype(np.int8) + near[second] + near[third] >= 2
    for part in (first, second, third):
        among[part] |= joined
    return among


def _code_variation(signals: _Signals, direction: float) -> NDArray[np.int8]:
    high = (signals.outside > 0) | signals.rising | (signals.two_of_three > 0) | (signals.run > 0)
    low = (signals.outside < 0) | signals.falling | (signals.two_of_three < 0) | (signals.run < 0)
    if direction != 0:
        better, worse = (high, low) if direction > 0 else (low, high)
        return np.asarray(np.select([better, worse], [2, 3], 1), np.int8)
    lead = np.select(
        [signals.outside != 0, signals.trend != 0, signals.two_of_three != 0],
        [signals.outside, signals.trend, signals.two_of_three],
        signals.run,
    )
    return np.asarray(np.select([lead > 0, lead < 0], [4, 5], 1), np.int8)


def _draw(
    x: Floats,
    phases: _Phases,
    limits: _Limits,
    signals: _Signals,
    codes: NDArray[np.int8],
    direction: float,
    target: ArrayLike | None,
) -> XmrChart:
    """The findings in the shape of the values."""
    at, width = phases.phase_at, LIMIT_FACTOR * limits.mean_range
    lower, upper = (limits.mean - width)[at], (limits.mean + width)[at]
    found = (signals.outside, signals.run, signals.trend, signals.two_of_three, codes > 1)
    outside, run, trend, two_of_three, special = (
        _place(flag != 0, phases.counted, x.shape, False) for flag in found
    )
    ranges = np.where(phases.begins, np.nan, _moving_ranges(phases))
    variation = _place(codes, phases.counted, x.shape, 0)
    here = _place(np.ones(codes.size, np.bool_), phases.counted, x.shape, False)
    latest, assurance = _judge_latest(variation, here, (lower, upper), direction, target)
    return XmrChart(
        limits.mean[at], lower, upper,
        _place(ranges, phases.counted, x.shape, np.nan), limits.range_limit[at],
        outside, run, trend, two_of_three, special, variation, latest, assurance,
        reasons_for(x.shape, too_few_values=np.isnan(limits.mean)[at]),
    )  # fmt: skip


def _place(
    found: NDArray[Any], counted: NDArray[np.int64], shape: tuple[int, ...], elsewhere: float
) -> NDArray[Any]:
    placed = np.full(int(np.prod(shape)), elsewhere, dtype=found.dtype)
    placed[counted] = found
    return placed.reshape(shape)


def _judge_latest(
    variation: NDArray[np.int8],
    here: NDArray[np.bool_],
    limits: tuple[Floats, Floats],
    direction: float,
    target: ArrayLike | None,
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """The codes of the two icons of each series, at its latest point that counts."""
    shape, points = here.shape[:-1], here.shape[-1]
    goal = _require_target(target, here.shape)
    if not points:
        return np.zeros(shape, np.int8), np.zeros(shape, np.int8)
    last = (points - 1 - here[..., ::-1].argmax(axis=-1))[..., np.newaxis]

    def at_last(array: NDArray[Any]) -> NDArray[Any]:
        return np.take_along_axis(array, last, axis=-1)[..., 0]

    lower, upper, aim = at_last(limits[0]), at_last(limits[1]), at_last(goal)
    # A value equal to the target reaches it, so a limit on the target is on the passing side of it.
    passing, failing = (aim <= lower, aim > upper) if direction > 0 else (aim >= upper, aim < lower)
    assessed = at_last(here) & ~np.isnan(lower) & (direction != 0)
    assurance = np.select([np.isnan(aim), ~assessed, passing, failing], [1, 0, 2, 3], 4)
    return np.where(at_last(here), at_last(variation), 0).astype(np.int8), assurance.astype(np.int8)


def _require_target(target: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    goal = require_numbers("target", np.nan if target is None else target)
    try:
        return np.broadcast_to(goal, shape)
    except ValueError as error:
        raise InputError(
            f"target has shape {goal.shape}, which does not fit the values' {shape}. "
            "A target for each series has shape (..., 1)."
        ) from error
