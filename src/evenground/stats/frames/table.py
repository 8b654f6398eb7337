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

    def ranks(self, name: str) -> Floats:
        """The place of each row's number or date among all of its column, ties alike."""

    def runs(self, by: Sequence[str]) -> Runs:
        """The rows by group."""

    def build(self, kept: Sequence[str], rows: Rows | None, added: Mapping[str, NDArray[Any]]) -> Any:
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
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy()

    def labels(self, name: str) -> NDArray[Any]:
        return self._frame[name].to_numpy()

    def ranks(self, name: str) -> Floats:
        column = self._frame[name]
        if not (column.dtype.is_numeric() or column.dtype.is_temporal()):
            raise _not_in_order(name, column.dtype)
        _require_whole(name, column.null_count())
        return column.rank("dense").cast(pl.Float64).to_numpy()

    def runs(self, by: Sequence[str]) -> Runs:
        keys = self._frame.select(by)
        changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in by)
        changes = keys.select(changed.alias("changed"))["changed"].to_numpy()
        first = np.flatnonzero(changes).astype(np.int64)
        if self.height and (first.size == 0 or first[0] != 0):
            # The first row has nothing before it to differ from where its key is absent.
            first = np.concatenate([[0], first])
        if keys[first].is_duplicated().any():
            return self._gathered(by)
        return Runs(np.append(first, self.height), None, first)

    def _gathered(self, by: Sequence[str]) -> Runs:
        rows = (
            self._frame.select(pl.struct(by).alias("key"), pl.int_range(pl.len()).alias("row"))
            .group_by("key", maintain_order=True)
            .agg("row")
        )
        order = rows["row"].explode().to_numpy().astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(rows["row"].list.len().to_numpy())]).astype(np.int64)
        return Runs(offsets, order, order[offsets[:-1]])

    def build(self, kept: Sequence[str], rows: Rows | None, added: Mapping[str, NDArray[Any]]) -> Any:
        new = [_series(name, values) for name, values in added.items()]
        if not kept:
            return pl.DataFrame(new)
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

    def ranks(self, name: str) -> Floats:
        column = self._frame[name]
        if column.dtype.kind not in "iufmM":
            raise _not_in_order(name, column.dtype)
        _require_whole(name, int(column.isna().sum()))
        ranks: Floats = column.rank(method="dense").to_numpy(dtype=np.float64)
        return ranks

    def runs(self, by: Sequence[str]) -> Runs:
        codes = self._codes(by)
        order = None
        if np.any(codes[1:] < codes[:-1]):
            order = np.argsort(codes, kind="stable").astype(np.int64)
            codes = codes[order]
        first = np.flatnonzero(np.diff(codes, prepend=-1)).astype(np.int64)
        offsets = np.append(first, self.height)
        return Runs(offsets, order, first if order is None else order[first])

    def _codes(self, by: Sequence[str]) -> Rows:
        """The number of each row's group, in the order of first appearance."""
        import pandas as pd

        codes, _ = pd.factorize(self._frame[by[0]], use_na_sentinel=False)
        for name in by[1:]:
            more, labels = pd.factorize(self._frame[name], use_na_sentinel=False)
            codes, _ = pd.factorize(codes.astype(np.int64) * len(labels) + more)
        return np.asarray(codes, dtype=np.int64)

    def build(self, kept: Sequence[str], rows: Rows | None, added: Mapping[str, NDArray[Any]]) -> Any:
        import pandas as pd

        if not kept:
            frame = pd.DataFrame(index=range(len(next(iter(added.values())))))
        elif rows is None:
            frame = self._frame[list(kept)]
        else:
            frame = self._frame[list(kept)].iloc[rows].reset_index(drop=True)
        columns = {
            name: pd.Series(
                _series(name, values).to_list() if values.dtype.kind in "UO" else values,
                index=frame.index,
                dtype="object" if values.dtype.kind in "UO" else None,
            )
            for name, values in added.items()
        }
        return frame.assign(**columns)


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
