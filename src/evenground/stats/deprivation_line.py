"""The line through the quantiles of deprivation, and where on the scale of deprivation each of them lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_numbers,
    require_rows,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups
from evenground.stats.intervals import calculate_standard_error
from evenground.stats.moment_matching import Cumulants, take_cumulants


class Scale(NamedTuple):
    """A scale on which values are compared: the way there, the way back, and what it can hold."""

    forward: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    steepness: Callable[[Floats], Floats]
    """How fast the value changes on its natural scale, a unit of this one; by the value."""
    holds: Callable[[Floats], NDArray[np.bool_]]


def _expit(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        # Three passes that NumPy vectorises; SciPy's expit takes several times as long.
        share: Floats = 1.0 / (1.0 + np.exp(-x))
    return share


SCALES: Final = {
    "linear": Scale(lambda y: y, lambda x: x, np.ones_like, lambda y: np.ones(y.shape, dtype=np.bool_)),
    "log": Scale(np.log, np.exp, lambda y: y, lambda y: y > 0),
    "logit": Scale(special.logit, _expit, lambda y: y * (1 - y), lambda y: (y > 0) & (y < 1)),
}


class DeprivationLine(NamedTuple):
    """The fitted line, on the scale it was fitted on.

    Attributes
    ----------
    intercept
        The line at the most deprived end, where the relative rank is 0.
    slope
        The line at the least deprived end less the intercept, whatever the polarity.
    relative_rank
        Where each quantile lies between the ends, 0 to 1: shape and order of the values given.
    """

    intercept: Estimate
    slope: Estimate
    relative_rank: Floats


class Line(NamedTuple):
    """What the line is made of: one row a quantile, in runs by group, the most deprived first."""

    rows: Groups
    shape: tuple[int, ...]
    """Of the data as they were given."""
    value: Floats
    error: Floats
    """On the sampling scale."""
    share: Floats
    rank: Floats
    slope_weight: Floats
    """What each value adds to the slope."""
    centre: Floats
    """The mean rank of each group's people: about it the slope turns."""
    fit: Scale
    sampling: Scale
    found: dict[str, NDArray[np.bool_]]
    """Why a group has no figure, by reason."""

    @property
    def intercept_weight(self) -> Floats:
        """What each value adds to the line at the most deprived end."""
        return self.share - self.rows.spread(self.centre) * self.slope_weight

    @property
    def end_weight(self) -> Floats:
        """What each value adds to the line at the least deprived end."""
        return self.share + (1 - self.rows.spread(self.centre)) * self.slope_weight

    @property
    def fitted(self) -> Floats:
        """The values on the scale of the fit."""
        return self.fit.forward(self.value)

    @property
    def drawn_on_other_scale(self) -> bool:
        """Whether the errors are normal on another scale than that of the fit."""
        return self.fit is not self.sampling

    def cumulants(self) -> Cumulants:
        """Mean, variance and third cumulant of each value's sampling distribution, on the fit's scale."""
        if self.drawn_on_other_scale:
            return take_cumulants(self.sampling.back, self.sampling.forward(self.value), self.error)
        return Cumulants(self.fitted, self.error**2, np.zeros_like(self.error))

    def reasons(
        self, shape: tuple[int, ...], not_estimable: NDArray[np.bool_] | bool = False
    ) -> NDArray[np.int8]:
        """A code for each figure, of the line's own reasons and one of the figure's."""
        found = self.found | {"not_estimable": self.found["not_estimable"] | not_estimable}
        return reasons_for(shape, **found)


def fit_deprivation_line(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    lower_cl: ArrayLike | None = None,
    upper_cl: ArrayLike | None = None,
    limits_confidence_level: float = 0.95,
    scale: str = "linear",
    sampling_scale: str | None = None,
    relative_rank: ArrayLike | None = None,
    quantile: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> DeprivationLine:
    """The line behind the slope and the relative index of inequality, to be drawn over the quantiles.

    Least squares, weighted by population, of the values on the relative ranks of the quantiles. On a log
    or logit scale the line is one there: take ``exp`` or ``scipy.special.expit`` of it to draw it.

    Parameters
    ----------
    value, population, standard_error, lower_cl, upper_cl, limits_confidence_level, scale, sampling_scale, \
relative_rank, quantile, groups, offsets, confidence_level
        As for ``calculate_slope_indices``.

    Returns
    -------
    DeprivationLine
        Intercept and slope on the scale of the fit, with normal limits and standard errors. NaN with a
        reason as in ``calculate_slope_indices``.

    Raises
    ------
    InputError
        As ``calculate_slope_indices``.

    References
    ----------
    Low A, Low A. Measuring the gap: quantifying and comparing local health inequalities. J Public Health
    2004;26:388-95.

    Examples
    --------
    >>> line = fit_deprivation_line([50, 55, 60, 65, 70], [1000] * 5, standard_error=[1] * 5)
    >>> print(f"{line.intercept.value:.1f} and {line.slope.value:.1f} more", line.relative_rank)
    47.5 and 25.0 more [0.1 0.3 0.5 0.7 0.9]
    """
    line = read_line(
        value, population, standard_error=standard_error, lower_cl=lower_cl, upper_cl=upper_cl,
        limits_confidence_level=limits_confidence_level, scale=scale, sampling_scale=sampling_scale,
        relative_rank=relative_rank, quantile=quantile, groups=groups, offsets=offsets,
    )  # fmt: skip
    z = special.ndtri(0.5 + require_confidence_level(confidence_level) / 2)
    values, variances, _ = line.cumulants()._replace(mean=line.fitted)

    def estimate(weight: Floats) -> Estimate:
        point, error = line.rows.total(weight * values), np.sqrt(line.rows.total(weight**2 * variances))
        half_width = z * error
        reasons = line.reasons(half_width.shape)
        return Estimate.of(point, point - half_width, point + half_width, reasons, error)

    ranks = np.empty(line.rank.shape)
    ranks[slice(None) if line.rows.order is None else line.rows.order] = line.rank
    return DeprivationLine(
        estimate(line.intercept_weight), estimate(line.slope_weight), ranks.reshape(line.shape)
    )


def calculate_relative_rank(population: ArrayLike) -> Floats:
    """Where the middle of each quantile lies on the scale of deprivation, from 0 to 1.

    Given the national populations of the national quantiles, these are the positions at which
    ``calculate_slope_indices`` places a local area's share of each (``relative_rank``).

    Parameters
    ----------
    population
        The people of each quantile, the most deprived first: shape (..., quantiles). NaN makes its row
        NaN; so do quantiles that are all empty.

    Returns
    -------
    numpy.ndarray
        The share of people in more deprived quantiles plus half the quantile's own; the shape given.

    Raises
    ------
    InputError
        Where a population is negative or infinite; rows are named.

    References
    ----------
    Low A, Low A. J Public Health 2004;26:388-95.

    Examples
    --------
    >>> print(calculate_relative_rank([20, 30, 50]))
    [0.1  0.35 0.75]
    """
    people = np.atleast_1d(require_counts("population", population))
    with np.errstate(invalid="ignore", divide="ignore"):
        rank: Floats = (np.cumsum(people, axis=-1) - people / 2) / people.sum(axis=-1, keepdims=True)
    return rank


def read_line(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None,
    lower_cl: ArrayLike | None,
    upper_cl: ArrayLike | None,
    limits_confidence_level: float,
    scale: str,
    sampling_scale: str | None,
    relative_rank: ArrayLike | None,
    quantile: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> Line:
    """Check what was given, put it in order and weigh it."""
    fit, sampling = _require_scales(scale, sampling_scale)
    errors = _require_errors(standard_error, lower_cl, upper_cl)
    given = {"value": require_numbers("value", value), "population": require_counts("population", population)}
    ranks = {} if relative_rank is None else {"relative_rank": _require_ranks(relative_rank)}
    names = [*given, *errors, *ranks]
    arrays = require_same_shape(**given, **errors, **ranks)
    rows = find_groups(arrays[0].shape, groups, offsets)
    if quantile is not None:
        rows = _order_within(rows, quantile, arrays[0].shape)
    held = dict(zip(names, (rows.arrange(array) for array in arrays), strict=True))
    if ranks:
        held = _leave_out_the_empty(held)
    with np.errstate(invalid="ignore", divide="ignore"):
        error, outside = _error_on_scale(sampling, held, limits_confidence_level)
        return _weigh(rows, arrays[0].shape, held, error, outside, fit, sampling)


def _weigh(
    rows: Groups,
    shape: tuple[int, ...],
    held: dict[str, Floats],
    error: Floats,
    outside: NDArray[np.bool_],
    fit: Scale,
    sampling: Scale,
) -> Line:
    people = np.nan_to_num(held["population"])
    everybody = rows.spread(rows.total(people))
    share = people / everybody
    national = "relative_rank" in held
    rank = held["relative_rank"] if national else (_cumulate(rows, people) - people / 2) / everybody
    # Ranks of the people themselves average one half whatever the sizes of the quantiles.
    centre = rows.total(share * rank) if national else np.full(rows.shape, 0.5)
    lean = share * (rank - rows.spread(centre))
    slope_weight = lean / rows.spread(rows.total(lean * (rank - rows.spread(centre))))
    counted = people > 0
    nobody = rows.total(people) == 0 if national else _any(rows, held["population"] == 0)
    found = {
        "missing": _any(rows, np.isnan(sum(held.values()))),
        "no_population": nobody,
        "too_few_quantiles": _distinct(rows, rank, counted) < 2,
        "not_estimable": _any(rows, outside),
    }
    return Line(rows, shape, held["value"], error, share, rank, slope_weight, centre, fit, sampling, found)


def _error_on_scale(scale: Scale, held: dict[str, Floats], level: float) -> tuple[Floats, NDArray[np.bool_]]:
    value = held["value"]
    if "standard_error" in held:
        return held["standard_error"] / scale.steepness(value), _is_outside(scale, value)
    lower, upper = held["lower_cl"], held["upper_cl"]
    error = calculate_standard_error(scale.forward(lower), scale.forward(upper), confidence_level=level)
    return error, _is_outside(scale, value) | _is_outside(scale, lower) | _is_outside(scale, upper)


def _is_outside(scale: Scale, value: Floats) -> NDArray[np.bool_]:
    return ~scale.holds(value) & ~np.isnan(value)


def _leave_out_the_empty(held: dict[str, Floats]) -> dict[str, Floats]:
    # Where nobody lives there is no value to be missing; one half lies on every scale.
    empty = held["population"] == 0
    stand_in = {"population": 0.0, "value": 0.5, "lower_cl": 0.5, "upper_cl": 0.5, "standard_error": 0.0}
    return {
        name: np.where(empty, stand_in[name], array) if name in stand_in else array
        for name, array in held.items()
    }


def _cumulate(rows: Groups, values: Floats) -> Floats:
    running = np.concatenate([[0.0], np.cumsum(values)])
    cumulated: Floats = running[1:] - np.repeat(running[rows.offsets[:-1]], rows.sizes)
    return cumulated


def _any(rows: Groups, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return rows.total(where.astype(np.float64)) > 0


def _distinct(rows: Groups, rank: Floats, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of a group's ranks differ among those that count: 0, 1, or 2 for two and more."""
    held = rows.sizes > 0
    starts = rows.offsets[:-1][held]
    number = np.zeros(rows.sizes.shape, dtype=np.int64)
    if held.any():
        low = np.minimum.reduceat(np.where(counted, rank, np.inf), starts)
        high = np.maximum.reduceat(np.where(counted, rank, -np.inf), starts)
        number[held] = np.where(high > low, 2, high == low)
    return number.reshape(rows.shape)


def _order_within(rows: Groups, quantile: ArrayLike, shape: tuple[int, ...]) -> Groups:
    given = require_numbers("quantile", quantile)
    try:
        label = rows.arrange(np.broadcast_to(given, shape))
    except ValueError as error:
        raise InputError(
            f"quantile must have a label for each value, of shape {shape}; it has shape {given.shape}."
        ) from error
    group = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
    order = np.lexsort((label, group))
    first = np.arange(label.size) if rows.order is None else rows.order
    again = np.zeros(label.size, dtype=np.bool_)
    again[1:] = (np.diff(label[order]) == 0) & (np.diff(group[order]) == 0)
    told = np.zeros(label.size)
    told[first[order]] = np.isnan(label[order]) + 2.0 * again
    require_rows(told != 1, told, "quantile is missing")
    require_rows(told != 2, told, "quantile is the same as in another row of its group")
    return replace(rows, order=first[order])


def _require_scales(scale: str, sampling_scale: str | None) -> tuple[Scale, Scale]:
    sampled = scale if sampling_scale is None else sampling_scale
    for name, received in (("scale", scale), ("sampling_scale", sampled)):
        if received not in SCALES:
            raise InputError(f'The {name} "{received}" is not known. {suggest(received, SCALES)}')
    if scale not in ("linear", sampled):
        raise InputError(
            f"A line fitted on the {scale} scale takes its errors there too, but sampling_scale is "
            f'"{sampled}". Leave sampling_scale out, or fit the line on the linear scale.'
        )
    return SCALES[scale], SCALES[sampled]


def _require_errors(
    standard_error: ArrayLike | None, lower_cl: ArrayLike | None, upper_cl: ArrayLike | None
) -> dict[str, Floats]:
    if standard_error is not None and lower_cl is None and upper_cl is None:
        return {"standard_error": require_counts("standard_error", standard_error)}
    if standard_error is not None or lower_cl is None or upper_cl is None:
        raise InputError("Give either standard_error, or both lower_cl and upper_cl, of the values.")
    limits = {
        "lower_cl": require_numbers("lower_cl", lower_cl),
        "upper_cl": require_numbers("upper_cl", upper_cl),
    }
    lower, upper = require_same_shape(**limits)
    require_rows((lower <= upper) | np.isnan(upper), lower, "lower_cl is above upper_cl")
    return limits


def _require_ranks(relative_rank: ArrayLike) -> Floats:
    rank = require_numbers("relative_rank", relative_rank)
    require_rows((rank >= 0) & (rank <= 1), rank, "relative_rank is not between 0 and 1")
    return rank
