"""The caller's data frame as columns of numbers and runs of rows, and results put back into its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.errors import InputError, suggest
from evenground.stats.estimates import Floats

if TYPE_CHECKING:
    import pandas as pd

Frame = TypeVar("Frame")
"""A Polars or pandas data frame: what comes in is what comes out."""
Rows = NDArray[np.int64]


Added = Mapping[str, NDArray[Any] | None]
"""New columns; ``None`` for one in which everything is absent."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The rows of a frame in runs, one a group, in the order in which the groups first appear.

    Attributes
    ----------
    offsets
        Shape (groups + 1,): where each run starts, then the number of rows.
    order
        The row numbers group by group, or ``None`` where the frame holds them so already.
    first
        The row number of each group's first row: shape (groups,).
    """

    offsets: Rows
    order: Rows | None
    first: Rows

    def arrange(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values in runs."""
        return values if self.order is None else values[self.order]


class Table(Protocol):
    """What the faces ask of a data frame, whatever made it."""

    @property
    def height(self) -> int:
        """The number of rows."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""

    def numbers(self, name: str) -> Floats:
        """A column as floats; what is absent is NaN."""

    def labels(self, name: str) -> NDArray[Any]:
        """A column as it is."""

    def order_values(self, name: str) -> NDArray[Any]:
        """A column of numbers or dates as numbers, to put rows in order by; none is absent."""

    def runs(self, by: Sequence[str]) -> Runs:
        """The rows by group."""

    def build(self, kept: Sequence[str], rows: Rows | None, added: Added) -> Any:
        """A frame of the caller's kind: some of its columns at these rows, and new columns."""


def open_table(frame: Any) -> Table:
    """The table behind a Polars or pandas data frame.

    Raises
    ------
    InputError
        Where it is neither.
    """
    if isinstance(frame, pl.LazyFrame):
        return _PolarsTable(frame.collect())
    if isinstance(frame, pl.DataFrame):
        return _PolarsTable(frame)
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        return _PandasTable(frame)
    raise InputError(
        f"A Polars or pandas data frame is needed; {type(frame).__name__} was given. "
        "For arrays, call the function of the same name in evenground.stats."
    )


def require_columns(table: Table, names: Iterable[str]) -> None:
    """Raise unless the frame has every column, once.

    Raises
    ------
    InputError
        Naming the column that is absent, and the nearest that is there.
    """
    held = list(table.names)
    if not all(isinstance(name, str) for name in held):
        raise InputError("The frame has columns whose names are not texts. Give each column one name first.")
    for name in names:
        if name not in held:
            raise InputError(f'There is no column "{name}". {suggest(name, held)}')
        if held.count(name) > 1:
            raise InputError(f'There are {held.count(name)} columns called "{name}". Rename all but one.')


class _PolarsTable:
    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    @property
    def height(self) -> int:
        return self._frame.height

    @property
    def names(self) -> Sequence[str]:
        return self._frame.columns

    def numbers(self, name: str) -> Floats:
        column = self._frame[name]
        if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            raise _not_numbers(name, column.dtype)
        floats = column.cast(pl.Float64)
        return (floats.fill_null(np.nan) if floats.null_count() else floats).to_numpy()

    def labels(self, name: str) -> NDArray[Any]:
        return self._frame[name].to_numpy()

    def order_values(self, name: str) -> NDArray[Any]:
        column = self._frame[name]
        if not (column.dtype.is_numeric() or column.dtype.is_temporal()):
            raise _not_in_order(name, column.dtype)
        absent = int(column.is_nan().sum()) if column.dtype.is_float() else 0
        _require_whole(name, column.null_count() + absent)
        return column.to_physical().to_numpy()

    def runs(self, by: Sequence[str]) -> Runs:
        return _find_runs(self._frame.select(by))

    def build(self, kept: Sequence[str], rows: Rows | None, added: Added) -> Any:
        new = [
            pl.lit(None, pl.String).alias(name) if values is None else _series(name, values)
            for name, values in added.items()
        ]
        if not kept:
            return pl.select(new)
        frame = self._frame.select(kept)
        return (frame if rows is None else frame[rows]).with_columns(new)


class _PandasTable:
    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @property
    def height(self) -> int:
        return len(self._frame)

    @property
    def names(self) -> Sequence[str]:
        return list(self._frame.columns)

    def numbers(self, name: str) -> Floats:
        column = self._frame[name]
        try:
            values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise _not_numbers(name, column.dtype) from None
        return values

    def labels(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self._frame[name].to_numpy()
        return values

    def order_values(self, name: str) -> NDArray[Any]:
        column = self._frame[name]
        if column.dtype.kind not in "iufmM":
            raise _not_in_order(name, column.dtype)
        _require_whole(name, int(column.isna().sum()))
        values: NDArray[Any] = column.to_numpy(dtype=np.int64 if column.dtype.kind in "mM" else None)
        return values

    def runs(self, by: Sequence[str]) -> Runs:
        return _find_runs(pl.DataFrame([_as_series(name, self._frame[name]) for name in by]))

    def build(self, kept: Sequence[str], rows: Rows | None, added: Added) -> Any:
        import pandas as pd

        if not kept:
            height = next(len(values) for values in added.values() if values is not None)
            frame = pd.DataFrame(index=range(height))
        elif rows is None:
            frame = self._frame[list(kept)]
        else:
            frame = self._frame[list(kept)].iloc[rows].reset_index(drop=True)
        columns = {
            name: _series(name, values).to_list()
            if values is not None and values.dtype.kind == "U"
            else values
            for name, values in added.items()
        }
        return frame.assign(**columns)


def _find_runs(keys: pl.DataFrame) -> Runs:
    changed = pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))
    changes = keys.select(changed.alias("changed"))["changed"]
    first = changes.arg_true().to_numpy().astype(np.int64)
    if keys.height and (first.size == 0 or first[0] != 0):
        # The first row has nothing before it to differ from where its key is absent.
        first = np.concatenate([[0], first])
    heads = keys[first]
    if heads.n_unique() == heads.height:
        return Runs(np.append(first, keys.height), None, first)
    return _gather_runs(heads, np.diff(first, append=keys.height), first)


def _gather_runs(heads: pl.DataFrame, lengths: Rows, first: Rows) -> Runs:
    """Runs of the same key put together, in the order in which the keys first appear."""
    same = (
        heads.lazy()
        .with_row_index("run")
        .group_by(heads.columns, maintain_order=True)
        .agg("run")
        .with_row_index("group")
        .select("group", "run")
        .explode("run")
        .collect()
    )
    order_of_runs, group = same["run"].to_numpy(), same["group"].to_numpy()
    sizes = lengths[order_of_runs]
    starts = np.cumsum(sizes) - sizes
    order = np.arange(sizes.sum()) + np.repeat(first[order_of_runs] - starts, sizes)
    per_group = np.bincount(group, weights=sizes).astype(np.int64)
    leads = order_of_runs[np.flatnonzero(np.diff(group.astype(np.int64), prepend=-1))]
    return Runs(np.concatenate([[0], np.cumsum(per_group)]), order, first[leads])


def _as_series(name: str, column: Any) -> pl.Series:
    """A pandas column of keys for Polars to compare; what Polars has no type for becomes its codes."""
    if column.dtype.kind in "iufb" and isinstance(column.dtype, np.dtype):
        return pl.Series(name, column.to_numpy())
    if column.dtype == "str":
        return pl.Series(name, column.array.__arrow_array__())
    import pandas as pd

    return pl.Series(name, pd.factorize(column, use_na_sentinel=False)[0])


def _series(name: str, values: NDArray[Any]) -> pl.Series:
    """A column: an empty text is absent, and so is NaN."""
    if values.dtype.kind == "U":
        return pl.Series(name, values.astype(object), dtype=pl.String).replace("", None)
    return pl.Series(name, values, nan_to_null=values.dtype.kind == "f")


def _not_in_order(name: str, dtype: Any) -> InputError:
    return InputError(
        f'The column "{name}" puts rows in order and holds {dtype}. Make it numbers or dates: as text, 10 '
        "comes before 2."
    )


def _require_whole(name: str, absent: int) -> None:
    if absent:
        rows = "row" if absent == 1 else "rows"
        raise InputError(
            f'The column "{name}" puts rows in order and is absent in {absent} {rows}. Fill it in, or leave '
            "those rows out and say so."
        )


def _not_numbers(name: str, dtype: Any) -> InputError:
    return InputError(
        f'The column "{name}" holds {dtype}, not numbers. Convert it first; a mark such as "*" or "<5" '
        "must become absent, not 0."
    )
