"""A figure against its benchmark."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import require_numbers, require_same_shape
from evenground.stats.polarity import require_polarity

_BELOW_AND_ABOVE = {
    "higher_is_better": ("worse", "better"),
    "lower_is_better": ("better", "worse"),
    "none": ("lower", "higher"),
}


def compare_with_benchmark(
    lower_cl: ArrayLike,
    upper_cl: ArrayLike,
    benchmark: ArrayLike,
    *,
    polarity: str,
    benchmark_upper: ArrayLike | None = None,
    is_benchmark: ArrayLike = False,
) -> NDArray[np.str_]:
    """Say whether an interval lies on the good or the bad side of a benchmark, or holds it.

    Parameters
    ----------
    lower_cl, upper_cl
        The limits of the figures, of any shapes that broadcast together. NaN: not compared.
    benchmark
        The value to compare with, in the same units, or the lower end of a range. NaN: not compared.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    benchmark_upper
        The upper end, where the benchmark is a range: similar where the interval meets the range.
    is_benchmark
        True for a figure that is the benchmark itself: an area is not compared with itself.

    Returns
    -------
    numpy.ndarray
        ``better``, ``similar``, ``worse``; ``lower``, ``similar``, ``higher`` where the polarity is
        ``none``; ``not_compared``.

    Raises
    ------
    InputError
        Where the polarity is not known, shapes differ, or a lower limit is above its upper limit.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips: technical guidance, comparing with a
    benchmark by overlapping confidence intervals.

    Examples
    --------
    >>> print(compare_with_benchmark([52, 61, 40], [58, 67, 80], 60, polarity="higher_is_better"))
    ['worse' 'better' 'similar']
    """
    require_polarity(polarity)
    end = benchmark if benchmark_upper is None else benchmark_upper
    lower, upper, low, high, same = require_same_shape(
        lower_cl=require_numbers("lower_cl", lower_cl),
        upper_cl=require_numbers("upper_cl", upper_cl),
        benchmark=require_numbers("benchmark", benchmark),
        benchmark_upper=require_numbers("benchmark_upper", end),
        is_benchmark=np.asarray(is_benchmark, np.float64),
    )
    if np.any(lower > upper) or np.any(low > high):
        raise InputError("A lower limit is above its upper limit. Are the two columns the wrong way round?")
    unknown = np.isnan(lower + upper + low + high) | (same != 0)
    below, above = _BELOW_AND_ABOVE[polarity]
    return np.select([unknown, upper < low, lower > high], ["not_compared", below, above], "similar")
