"""Margins: what is publicly known of a place's people without knowing any person.

Population by LSOA, five-year age band and sex; ethnic group by LSOA; deprivation and the look-up from LSOA
upwards; practices and who registers where. The synthetic generator needs nothing else of a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenground.errors import Fault, SourceError
from evenground.geography import AREA_COLUMNS, PRACTICE_COLUMNS
from evenground.vocabulary import AGE_BANDS, ETHNIC_GROUPS, UNRECORDED_ETHNIC_GROUPS, Sex

SEXES: Final = (str(Sex.FEMALE), str(Sex.MALE))
RECORDED_GROUPS: Final = tuple(code for code in ETHNIC_GROUPS if code not in UNRECORDED_ETHNIC_GROUPS)
"""The 16 NHS ethnic groups that say something of a person's ethnic group."""

POPULATION_COLUMNS: Final = ("lsoa_code", "sex", *AGE_BANDS)
ETHNIC_COLUMNS: Final = ("lsoa_code", *RECORDED_GROUPS)
REGISTRATION_COLUMNS: Final = ("lsoa_code", "practice_code", "patients")

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Margins:
    """One place's margins, every frame sorted by ``lsoa_code`` and holding the same LSOAs.

    Attributes
    ----------
    areas
        One row an LSOA: ``geography.AREA_COLUMNS``; ``imd_rank`` and ``imd_decile`` are integers.
    practices
        One row a practice: ``geography.PRACTICE_COLUMNS``. May be empty.
    population
        ``(LSOAs, 19 age bands, 2 sexes)`` counts of people, in the order of ``AGE_BANDS`` and ``SEXES``.
    ethnic_groups
        ``(LSOAs, 16 groups)`` counts of people in the order of ``RECORDED_GROUPS``; each row sums to the
        LSOA's population.
    registrations
        How many of an LSOA's people each practice has: ``lsoa_code, practice_code, patients``. May be empty:
        people are then spread evenly over the practices.
    """

    areas: pl.DataFrame
    practices: pl.DataFrame
    population: IntArray
    ethnic_groups: IntArray
    registrations: pl.DataFrame

    def __post_init__(self) -> None:
        faults = _check_margins(self)
        if faults:
            raise SourceError("The margins cannot be used.", faults)

    @property
    def total(self) -> int:
        """How many people the place has."""
        return int(self.population.sum())


def load_margins(folder: Path) -> Margins:
    """Read margins from ``areas.csv``, ``population.csv``, ``ethnic_groups.csv`` and, if there, practices.

    ``population.csv`` has one row an LSOA and sex with a column an age band; ``ethnic_groups.csv`` one row an
    LSOA with a column an NHS code; ``practices.csv`` and ``registrations.csv`` may be left out.

    Raises
    ------
    SourceError
        With every fault: a missing file or column, a count that is no whole number, LSOAs that differ between
        files, ethnic groups that do not sum to an LSOA's population.
    """
    areas = _read(folder / "areas.csv", AREA_COLUMNS, ("imd_rank", "imd_decile")).sort("lsoa_code")
    people = _read(folder / "population.csv", POPULATION_COLUMNS, AGE_BANDS).sort("lsoa_code", "sex")
    groups = _read(folder / "ethnic_groups.csv", ETHNIC_COLUMNS, RECORDED_GROUPS).sort("lsoa_code")
    practices = _read_optional(folder / "practices.csv", PRACTICE_COLUMNS, ())
    registrations = _read_optional(folder / "registrations.csv", REGISTRATION_COLUMNS, ("patients",))
    _require_same_lsoas(areas, people, groups)
    return Margins(
        areas=areas,
        practices=practices.sort("practice_code"),
        population=_population_array(people),
        ethnic_groups=groups.select(RECORDED_GROUPS).to_numpy().astype(np.int64),
        registrations=registrations.sort("lsoa_code", "practice_code"),
    )


def allocate(weights: npt.ArrayLike, totals: npt.ArrayLike) -> IntArray:
    """Share whole numbers out in proportion to weights, by largest remainder.

    Parameters
    ----------
    weights
        ``(rows, columns)``, not negative. A row of zeros with a total above 0 is shared evenly.
    totals
        ``(rows,)`` whole numbers that the rows of the answer sum to.

    Returns
    -------
    ``(rows, columns)`` whole numbers. Of equal remainders the first column gets the odd one.

    Examples
    --------
    >>> allocate([[1, 1, 1], [0, 3, 1]], [4, 10]).tolist()
    [[2, 1, 1], [0, 8, 2]]
    """
    weight = np.atleast_2d(np.asarray(weights, dtype=float))
    total = np.asarray(totals, dtype=np.int64).reshape(-1)
    row_sums = weight.sum(axis=1, keepdims=True)
    share = np.where(row_sums > 0, weight, 1.0)
    exact = share / share.sum(axis=1, keepdims=True) * total[:, None]
    # Rounded, so that one platform's last bit does not decide who gets the odd one.
    whole = np.floor(np.round(exact, 9)).astype(np.int64)
    remainder = np.round(exact - whole, 9)
    place_in_row = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (place_in_row < (total - whole.sum(axis=1))[:, None]))


def _read(path: Path, columns: tuple[str, ...], counts: tuple[str, ...]) -> pl.DataFrame:
    if not path.is_file():
        fault = Fault(path.name, "is not there.", f"Margins need it, with the columns {', '.join(columns)}.")
        raise SourceError("The margins cannot be read.", [fault])
    frame = pl.read_csv(path, infer_schema=False, encoding="utf8")
    frame = frame.rename({name: name.removeprefix("\ufeff").strip() for name in frame.columns})
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        fault = Fault(path.name, f"lacks the columns {', '.join(missing)}.", "Add them to the header line.")
        raise SourceError("The margins cannot be read.", [fault])
    typed = frame.select(columns).with_columns(pl.col(counts).cast(pl.Int64, strict=False))
    bad = [name for name in counts if typed[name].null_count()]
    if bad:
        fault = Fault(path.name, f"holds values that are not whole numbers in {', '.join(bad)}.")
        raise SourceError("The margins cannot be read.", [fault])
    return typed


def _read_optional(path: Path, columns: tuple[str, ...], counts: tuple[str, ...]) -> pl.DataFrame:
    if path.is_file():
        return _read(path, columns, counts)
    return pl.DataFrame(schema={name: pl.Int64 if name in counts else pl.String for name in columns})


def _require_same_lsoas(areas: pl.DataFrame, people: pl.DataFrame, groups: pl.DataFrame) -> None:
    wanted = areas["lsoa_code"].to_list()
    faults = [
        Fault(name, f"does not hold {what}.", "Check that all files follow the same LSOA edition.")
        for name, what, matches in (
            ("population.csv", "one row for each LSOA of areas.csv and each sex", _is_full(people, wanted)),
            (
                "ethnic_groups.csv",
                "one row for each LSOA of areas.csv",
                groups["lsoa_code"].to_list() == wanted,
            ),
        )
        if not matches
    ]
    if faults:
        raise SourceError("The margins cannot be used.", faults)


def _is_full(people: pl.DataFrame, lsoas: list[str]) -> bool:
    rows = people.select("lsoa_code", "sex").rows()
    return rows == [(lsoa, sex) for lsoa in lsoas for sex in sorted(SEXES)]


def _population_array(people: pl.DataFrame) -> IntArray:
    table = people.select(AGE_BANDS).to_numpy().astype(np.int64)
    return table.reshape(-1, len(SEXES), len(AGE_BANDS)).transpose(0, 2, 1)


def _check_margins(margins: Margins) -> list[Fault]:
    faults = []
    lsoas = margins.areas.height
    expected = ((lsoas, len(AGE_BANDS), len(SEXES)), (lsoas, len(RECORDED_GROUPS)))
    if (margins.population.shape, margins.ethnic_groups.shape) != expected:
        return [Fault("margins", f"do not have the shapes {expected[0]} and {expected[1]}.")]
    codes = margins.areas["lsoa_code"]
    if not codes.is_sorted() or codes.is_duplicated().any():
        faults.append(Fault("areas", "are not sorted by lsoa_code with one row each.", "Sort them."))
    if (margins.population < 0).any() or (margins.ethnic_groups < 0).any():
        faults.append(Fault("margins", "hold counts below 0."))
    off = margins.population.sum(axis=(1, 2)) != margins.ethnic_groups.sum(axis=1)
    if off.any():
        what = f"differ from the population in {int(off.sum())} LSOAs (first: {codes[int(off.argmax())]})."
        fix = "Scale them to the population first (evenground.sources.synthetic.public_margins)."
        faults.append(Fault("ethnic groups", what, fix))
    return faults
