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
    "too_few_values",
    "too_few_people",
    "no_deaths_in_open_band",
    "interval_too_wide",
    "not_estimable",
)
"""Why a result is NaN; the empty text where it is not. Where two hold, the first is given."""

_CALCULATED = 0

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
    standard_error
        Of each value, in its units, where the method has one; NaN where it has none or there is a reason.
    """

    _reason_codes: NDArray[np.int8]
    _standard_error: Floats | None

    @classmethod
    def of(
        cls,
        value: Floats,
        lower_cl: Floats,
        upper_cl: Floats,
        reason_codes: NDArray[np.int8],
        standard_error: Floats | None = None,
    ) -> Estimate:
        """Put the parts together in the shape of the reasons, with NaN wherever there is a reason."""
        shape = reason_codes.shape
        parts = [_fit(part, shape) for part in (value, lower_cl, upper_cl)]
        withheld = reason_codes != _CALCULATED
        if withheld.any():
            parts = [np.where(withheld, np.nan, part) for part in parts]
        estimate = cls(*parts)
        estimate._reason_codes, estimate._standard_error = reason_codes, standard_error
        return estimate

    @property
    def has_standard_error(self) -> bool:
        """Whether the method has a standard error at all."""
        return self._standard_error is not None

    @property
    def reason_codes(self) -> NDArray[np.int8]:
        """The place of each figure's reason in ``REASONS``."""
        return self._reason_codes

    @property
    def standard_error(self) -> Floats:
        """The standard error of each value; NaN where the method has none."""
        if self._standard_error is None:
            return np.full(self.value.shape, np.nan)
        return np.where(self._reason_codes == _CALCULATED, self._standard_error, np.nan)

    @property
    def reason(self) -> NDArray[np.str_]:
        """Why each figure is NaN, or the empty text."""
        return np.asarray(REASONS)[self._reason_codes]


def _fit(part: Floats, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(part)
    # A broadcast view cannot be written to, and a caller may want to.
    return array if array.shape == shape else np.array(np.broadcast_to(array, shape))


def require_counts(name: str, values: ArrayLike) -> Floats:
    """The values as floats, each NaN or a finite number not below zero.

    Raises
    ------
    InputError
        Naming the rows that are negative or infinite, or when the values are not numbers.
    """
    array = require_numbers(name, values)
    # fmin passes over NaN: one reduction settles the usual case without a mask.
    if array.size and np.fmin.reduce(array, axis=None) < 0:
        require_rows(array >= 0, array, f"{name} is negative")
    return array


def require_numbers(name: str, values: ArrayLike) -> Floats:
    """The values as floats, each NaN or finite."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} does not hold numbers. Convert it before the calculation.") from error
    # A finite sum has no infinite part, and no NaN either.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(array.sum())
    if not finite:
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
