"""A table of ranked communities as money is planned over it, and all that is wrong with one, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from evenground.errors import Fault, InputError, suggest
from evenground.spending.records import COMMUNITY, EVERYWHERE, Intervention, Keys
from evenground.vocabulary import ETHNIC_GROUPS, UNRECORDED_ETHNIC_GROUPS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEEDED: Final = ("eligible", "expected_missing")
DEPRIVATION: Final = ("imd_rank", "imd_decile", "imd_quintile")
"""Columns that say how deprived a community is, the finest first; the lowest number is the most deprived."""
DELIVERABILITY: Final = ("barriers_heard", "capacity", "travel_minutes")
"""What is known of how easily a community can be served: shown beside the rest, never added to it."""
PLUS_COLUMN: Final = "plus_group"
_MAJORITY: Final = "A"
_FIGURES: Final = ("eligible", "expected_missing", "lower_cl", "upper_cl")


@dataclass(frozen=True, slots=True)
class Communities:
    """Ranked communities, one row each.

    Attributes
    ----------
    frame
        The table as it was given, the keys as text.
    keys
        The columns that make a community.
    eligible, not_reached, missing, spread
        Shape (communities,): people eligible, not reached yet and missing out against the standard, and the
        standard deviation of the last.
    notes
        What its owner should know.
    """

    frame: pl.DataFrame
    keys: tuple[str, ...]
    eligible: Floats
    not_reached: Floats
    missing: Floats
    spread: Floats
    notes: tuple[str, ...] = ()

    def match(self, reaches: Keys) -> Flags:
        """Which communities have the keys."""
        chosen = np.ones(len(self.eligible), dtype=np.bool_)
        for column, values in reaches.items():
            chosen &= self.frame[column].is_in(list(values)).to_numpy()
        return chosen

    def deprivation(self) -> Floats | None:
        """From 0 (least) to 1 (most deprived), by the finest column that all communities have a figure of."""
        for name in DEPRIVATION:
            if name not in self.frame.columns:
                continue
            column = self.frame[name].cast(pl.Float64, strict=False)
            if column.null_count() == 0:
                place: Floats = column.rank("average").to_numpy().astype(np.float64)
                spread = place.max() - place.min()
                return (place.max() - place) / spread if spread else np.zeros(len(place))
        return None

    def plus_groups(self) -> pl.Series:
        """The Plus group that each community belongs to; null where it belongs to none.

        By the column ``plus_group`` where there is one, else by ethnic group: every recorded one but White
        British is an ethnic minority community of Core20PLUS5.
        """
        if PLUS_COLUMN in self.frame.columns:
            text = pl.col(PLUS_COLUMN).cast(pl.String).str.strip_chars()
            return self.frame.select(pl.when(text != "").then(text).alias(PLUS_COLUMN)).to_series()
        if "ethnic_group" in self.frame.columns:
            group = pl.col("ethnic_group")
            plain = group.is_in([_MAJORITY, *UNRECORDED_ETHNIC_GROUPS])
            named = group.replace(ETHNIC_GROUPS)
            return self.frame.select(pl.when(~plain).then(named).alias(PLUS_COLUMN)).to_series()
        return pl.Series(PLUS_COLUMN, [None] * self.frame.height, dtype=pl.String)


def check_communities(frame: pl.DataFrame, by: Sequence[str] | None = None) -> Communities:
    """The ranked communities of a table, as ``rank_counts`` or a release makes it.

    Parameters
    ----------
    frame
        One row a community: its keys, ``eligible`` and ``expected_missing`` (people), and where they are
        known ``reached`` or ``estimated_uptake``, ``lower_cl`` and ``upper_cl`` with ``confidence_level``.
        Columns of text that hold numbers are read as numbers.
    by
        The columns that make a community; by default those before ``rank``.

    Raises
    ------
    InputError
        With every fault found; rows are named by number, from 1.
    """
    communities, faults = read_communities(frame, by)
    raise_faults(faults)
    if communities is None:
        raise InputError("There is no community in the table.")
    return communities


def read_communities(
    frame: pl.DataFrame, by: Sequence[str] | None = None
) -> tuple[Communities | None, list[Fault]]:
    """The communities, or the faults of the table."""
    keys = _find_keys(frame, by)
    faults = list(_column_faults(frame, keys))
    if faults:
        return None, faults
    names = {*_FIGURES, "reached", "estimated_uptake", "confidence_level"} & set(frame.columns)
    read = frame.with_columns(
        *(pl.col(name).cast(pl.Float64, strict=False).fill_nan(None) for name in sorted(names)),
        *(pl.col(name).cast(pl.String).alias(name) for name in keys),
    )
    faults = list(_row_faults(read, keys))
    if faults:
        return None, faults
    notes: list[str] = []
    eligible, missing = (read[name].to_numpy().astype(np.float64) for name in NEEDED)
    return Communities(
        read, keys, eligible, _find_not_reached(read, notes), missing, _find_spread(read, notes), tuple(notes)
    ), []


def raise_faults(faults: Sequence[Fault], what: str = "The money cannot be planned") -> None:
    """Raise where there is any fault, telling all of them."""
    if faults:
        told = "\n".join(f"  - {fault}" for fault in faults)
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise InputError(f"{what}: {number}.\n{told}")


def _find_keys(frame: pl.DataFrame, by: Sequence[str] | None) -> tuple[str, ...]:
    if by:
        return tuple(by)
    end = frame.columns.index("rank") if "rank" in frame.columns else 0
    return tuple(name for name in frame.columns[:end] if name != "community_type")


def _column_faults(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[Fault]:
    if not keys:
        yield Fault("by", "no column makes a community.", "Name at least one, such as area_code.")
    for name in dict.fromkeys([*keys, *NEEDED]):
        if name not in frame.columns:
            yield Fault(f'column "{name}"', "it is not there.", suggest(name, frame.columns))
    if frame.is_empty():
        yield Fault("table", "it has no rows.", "Give one row for each community.")


def _row_faults(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[Fault]:
    for name in NEEDED:
        yield from _rows(f'column "{name}"', "is empty or not a number", frame[name].is_null())
        yield from _rows(f'column "{name}"', "is negative", frame[name] < 0)
        yield from _rows(f'column "{name}"', "is infinite", frame[name].is_infinite())
    more = frame["expected_missing"] > frame["eligible"] + 0.5
    yield from _rows('columns "expected_missing" and "eligible"', "has more missing out than eligible", more)
    if {"lower_cl", "upper_cl"} <= set(frame.columns):
        crossed = frame["lower_cl"] > frame["upper_cl"]
        yield from _rows('columns "lower_cl" and "upper_cl"', "has its limits the wrong way round", crossed)
    yield from _rows(f"columns {', '.join(keys)}", "is a community twice", frame.select(keys).is_duplicated())


def _rows(where: str, problem: str, wrong: pl.Series) -> Iterator[Fault]:
    rows = wrong.fill_null(value=False).arg_true()
    if rows.len():
        named = ", ".join(str(row + 1) for row in rows[:5]) + (" and others" if rows.len() > 5 else "")
        what = f"{rows.len()} of {wrong.len()} rows: {problem} (row {named}; the first is 1)."
        yield Fault(where, what, "Correct them first.")


def _find_not_reached(frame: pl.DataFrame, notes: list[str]) -> Floats:
    eligible, missing = pl.col("eligible"), pl.col("expected_missing")
    known = [pl.lit(None, dtype=pl.Float64)]
    if "reached" in frame.columns:
        known.append(eligible - pl.col("reached"))
    if "estimated_uptake" in frame.columns:
        known.append(eligible * (1 - pl.col("estimated_uptake")))
    found = frame.select(pl.coalesce(known)).to_series()
    if found.null_count():
        notes.append(
            f"How many are not reached yet is not known of {found.null_count()} communities: everybody "
            "eligible there is taken to be contacted."
        )
    # Nobody can miss out who is reached already.
    filled = frame.select(pl.max_horizontal(pl.coalesce(found, eligible), missing)).to_series()
    return filled.to_numpy().astype(np.float64)


def _find_spread(frame: pl.DataFrame, notes: list[str]) -> Floats:
    if not {"lower_cl", "upper_cl"} <= set(frame.columns):
        notes.append("The table has no intervals: how many miss out is taken as certain.")
        return np.zeros(frame.height)
    level = 0.95
    if "confidence_level" in frame.columns:
        level = float(frame["confidence_level"].fill_null(0.95)[0])
    width = (frame["upper_cl"] - frame["lower_cl"]).fill_null(0.0).to_numpy().astype(np.float64)
    return np.asarray(width / (2 * special.ndtri(0.5 + level / 2)), dtype=np.float64)


def find_key_faults(
    communities: Communities, where: str, reaches: Keys, notes: list[str] | None = None
) -> Iterator[Fault]:
    """Keys that no community has: a column that is not there, or a value that stands in no row.

    An ethnic group that is one of the NHS's codes may be absent in this place: that is a note, not a fault.
    """
    for column, values in reaches.items():
        if column not in communities.frame.columns:
            known = communities.frame.columns
            yield Fault(f"{where}.{column}", "is not a column of the communities.", suggest(column, known))
            continue
        there = set(communities.frame[column].cast(pl.String).drop_nulls().to_list())
        for value in values:
            if value in there:
                continue
            if column == "ethnic_group" and value in ETHNIC_GROUPS:
                if notes is not None:
                    notes.append(f"{where}: no community here is of the ethnic group {value}.")
                continue
            yield Fault(f"{where}.{column}", f'no community has "{value}".', suggest(value, there))


def find_reach_faults(
    communities: Communities, interventions: Sequence[Intervention], notes: list[str]
) -> Iterator[Fault]:
    """Interventions for communities that are not there."""
    for intervention in interventions:
        where = f"interventions/{intervention.id}.toml"
        yield from find_key_faults(communities, f"{where}, reaches", intervention.reaches, notes)
        serves, columns = intervention.serves, communities.frame.columns
        if serves not in {COMMUNITY, EVERYWHERE} and serves not in columns:
            yield Fault(
                f"{where}, serves", f'"{serves}" is not a column.', suggest(serves, [*columns, COMMUNITY])
            )
