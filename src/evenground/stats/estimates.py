"""What a calculation gives back, and the guards at its door."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError

Floats: TypeAlias = NDArray[np.float64]

REASONS: Final = (
    "",
    "missing",
    "no_population",
    "too_few_events",
    "too_few_quantiles",
    "not_estimable",
)
"""Why a result is NaN; the empty text where it is not."""

CALCULATED, MISSING, NO_POPULATION, TOO_FEW_EVENTS, TOO_FEW_QUANTILES, NOT_ESTIMABLE = range(len(REASONS))

_ROWS_NAMED = 10


class _Limits(NamedTuple):
    value: Floats
    lower_cl: Floats
    upper_cl: Floats


class Estimate(_Limits):
    """A value with its confidence limits; it unpacks as three arrays.

    Attributes
    ----------
    value, lower_cl, upper_cl
        Arrays of one shape; NaN where the figure cannot be calculated.
    reason
        One of ``REASONS`` for each figure: why it is NaN, or the empty text.
    """

    _reason_codes: NDArray[np.int8]

    @classmethod
    def of(
        cls, value: Floats, lower_cl: Floats, upper_cl: Floats, reason_codes: NDArray[np.int8]
    ) -> Estimate:
        """Put the parts together, with NaN wherever there is a reason."""
        withheld = reason_codes != CALCULATED
        estimate = cls(*(np.where(withheld, np.nan, part) for part in (value, lower_cl, upper_cl)))
        estimate._reason_codes = np.broadcast_to(reason_codes, estimate.value.shape)
        return estimate

    @property
    def reason(self) -> NDArray[np.str_]:
        """Why each figure is NaN, or the empty text."""
        return np.asarray(REASONS)[self._reason_codes]


def require_counts(name: str, values: ArrayLike) -> Floats:
    """The values as floats, each NaN or a finite number not below zero.

    Raises
    ------
    InputError
        Naming the rows that are negative or infinite, or when the values are not numbers.
    """
    array = require_numbers(name, values)
    require_rows(array >= 0, array, f"{name} is negative")
    return array


def require_numbers(name: str, values: ArrayLike) -> Floats:
    """The values as floats, each NaN or finite."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} does not hold numbers. Convert it before the calculation.") from error
    require_rows(~np.isinf(array), array, f"{name} is infinite")
    return array


def require_rows(holds: NDArray[np.bool_], values: Floats, problem: str) -> None:
    """Raise unless ``holds`` is true in every row whose value is not NaN.

    Raises
    ------
    InputError
        With the problem, how many rows have it and the first of them by number; never their values.
    """
    wrong = np.flatnonzero(np.ravel(~(holds | np.isnan(values))))
    if wrong.size:
        named = ", ".join(str(row) for row in wrong[:_ROWS_NAMED])
        more = ", ..." if wrong.size > _ROWS_NAMED else ""
        rows = "row" if wrong.size == 1 else "rows"
        raise InputError(
            f"{problem} in {wrong.size} {rows}: {rows} {named}{more} (the first row is 0). "
            "Correct the source, or leave these rows out and say so."
        )


def require_confidence_level(confidence_level: ArrayLike) -> Floats:
    """The confidence level as an array of shares.

    Raises
    ------
    InputError
        Unless every level lies above 0 and below 1; 95 for 95 % is named as the likely slip.
    """
    level = require_numbers("confidence_level", confidence_level)
    if not np.all((level > 0) & (level < 1)):
        raise InputError(
            f"confidence_level must lie between 0 and 1, but {level.tolist()} was given. Write 95 % as 0.95."
        )
    return level


def require_same_shape(**arrays: Floats) -> list[Floats]:
    """The arrays broadcast to one shape.

    Raises
    ------
    InputError
        Naming each array with its shape where they do not fit together.
    """
    try:
        return [np.asarray(array) for array in np.broadcast_arrays(*arrays.values())]
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"The arrays have shapes that do not fit together: {shapes}.") from error


def reasons_for(shape: tuple[int, ...], **found: Any) -> NDArray[np.int8]:
    """One code a figure: the first reason found, in the order of ``REASONS``."""
    codes = np.zeros(shape, dtype=np.int8)
    for code in range(len(REASONS) - 1, 0, -1):
        where = found.get(REASONS[code])
        if where is not None:
            codes[np.broadcast_to(where, shape)] = code
    return codes
