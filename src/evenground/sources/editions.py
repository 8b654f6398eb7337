"""LSOAs of the other edition: a person's home of 2011 as one of 2021, or back, by a best-fit look-up.

The Office for National Statistics publishes which LSOA of 2011 became which of 2021 (exact fit look-up,
version 2), with a change indicator: U unchanged, S split, M merged, X redrawn. People are not shared out: a
person has one home.
"""

# ruff: noqa: S608 - identifiers are ours; no text from outside is in this SQL.

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground.errors import Fault
from evenground.sources.options import EditionOptions
from evenground.sources.staging import words
from evenground.sources.staging.files import FileError, find_files, read_through
from evenground.sources.staging.session import Session
from evenground.workspace import PLACE_FILE

EDITIONS: Final = ("2011", "2021")
_NAMES: Final = {
    "2011": ("lsoa11cd", "lsoa11_code", "lsoa_2011_code"),
    "2021": ("lsoa21cd", "lsoa21_code", "lsoa_2021_code"),
    "change": ("chgind", "chngind", "change_code"),
    "population": ("population",),
}
_LSOA: Final = r"[EW]01[0-9]{6}"
_REDRAWN: Final = "X"
_NAMED: Final = 10
_LEAST_ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class Editions:
    """A look-up from one edition to the other.

    ``frame`` has one row for each area of the edition that is read: ``word`` (its code), ``fitted`` (the area
    of the other edition that it is read as) and ``is_exact`` (whether all of it is in that one). ``pairs``
    has every ``word`` with every ``fitted`` that holds some of it, and ``is_redrawn``.
    """

    name: str
    sha256: str
    read: str
    wanted: str
    rule: str
    frame: pl.DataFrame
    pairs: pl.DataFrame


def check_edition(source: str, options: EditionOptions, wanted: str | None) -> list[Fault]:
    """The faults of what a source says of its LSOAs, where the place has those of the edition ``wanted``."""
    where = f'{PLACE_FILE}, source "{source}"'
    said, lookup = options.lsoa_edition, options.lsoa_lookup
    if lookup is not None and said is None:
        return [
            Fault(
                f"{where}, lsoa_lookup", "stands without lsoa_edition.", "Say of which edition its LSOAs are."
            )
        ]
    if said is None or wanted is None:
        return []
    if said == wanted and lookup is not None:
        what = f"is not needed: the place's LSOAs are of {wanted}, too."
        return [Fault(f"{where}, lsoa_lookup", what, "Leave it out.")]
    if said != wanted and lookup is None:
        what = f"is {said}, and [areas] lsoa_edition is {wanted}."
        return [Fault(f"{where}, lsoa_edition", what, "Give lsoa_lookup: a file that has both codes.")]
    return []


def find_editions(source: str, options: EditionOptions, root: Path) -> tuple[Editions | None, list[Fault]]:
    """The look-up that a source names, or the faults of its file; neither where it names none."""
    if options.lsoa_lookup is None or options.lsoa_edition is None:
        return None, []
    try:
        (name, path), *more = find_files(
            options.lsoa_lookup, root, f'{PLACE_FILE}, source "{source}", lsoa_lookup'
        )
        if more:
            return None, [Fault(name, "is not the only file of this pattern.", "Name one file.")]
        read_through(name, path)
    except FileError as error:
        return None, [error.fault]
    return load_editions(name, path, read=options.lsoa_edition)


def load_editions(name: str, path: Path, *, read: str) -> tuple[Editions | None, list[Fault]]:
    """Read a look-up, CSV or gzip of it, and choose one area for each of the edition ``read``.

    An area that became several is read as the one with the most people, where the look-up has a column
    ``population``; else as the first of their codes.
    """
    content = path.read_bytes()
    try:
        table = pl.read_csv(BytesIO(content), infer_schema=False, encoding="utf8")
    except pl.exceptions.PolarsError:
        return None, [Fault(name, "is not a UTF-8 CSV file with one header line.", "Save it as CSV UTF-8.")]
    held = {column.removeprefix("\ufeff").strip().casefold(): column for column in table.columns}
    found = {key: held[one] for key, names in _NAMES.items() for one in names if one in held}
    missing = [_NAMES[key][0].upper() for key in EDITIONS if key not in found]
    if missing:
        hint = "Use the look-up of the Office for National Statistics: LSOA11CD, LSOA21CD, CHGIND."
        return None, [Fault(name, f"lacks the column {' and '.join(missing)}.", hint)]
    wanted = next(edition for edition in EDITIONS if edition != read)
    pairs = _tidy(table, found, read, wanted)
    if pairs.is_empty():
        return None, [Fault(name, "holds no row with two codes of LSOAs.", "Ask for the file again.")]
    rule = "the most people" if "population" in found else "the first code"
    redrawn = (pl.col("change").fill_null("") == _REDRAWN).alias("is_redrawn")
    told = pairs.select("word", "fitted", redrawn)
    return Editions(name, hashlib.sha256(content).hexdigest(), read, wanted, rule, _choose(pairs), told), []


def _tidy(table: pl.DataFrame, found: dict[str, str], read: str, wanted: str) -> pl.DataFrame:
    def code(edition: str, name: str) -> pl.Expr:
        return pl.col(found[edition]).str.strip_chars().str.to_uppercase().alias(name)

    change = pl.col(found["change"]).str.strip_chars() if "change" in found else pl.lit("")
    people = (
        pl.col(found["population"]).cast(pl.Float64, strict=False).fill_null(0)
        if "population" in found
        else pl.lit(0.0)
    )
    pairs = table.select(
        code(read, "word"), code(wanted, "fitted"), change.alias("change"), people.alias("people")
    )
    is_code = [pl.col(name).str.contains(f"^{_LSOA}$").fill_null(value=False) for name in ("word", "fitted")]
    return pairs.filter(*is_code).unique(["word", "fitted"], maintain_order=True)


def _choose(pairs: pl.DataFrame) -> pl.DataFrame:
    ordered = pairs.sort("word", "people", "fitted", descending=[False, True, False])
    is_exact = (pl.len() == 1) & (pl.col("change").fill_null("") != _REDRAWN).all()
    return ordered.group_by("word", maintain_order=True).agg(
        pl.col("fitted").first(), is_exact.alias("is_exact")
    )


def hold_editions(session: Session, table: str, editions: Editions) -> None:
    """Make the table of areas of a source: what each of its codes is among the areas of the place."""
    session.connection.register("editions", editions.frame.to_arrow())
    session.run(f"""
        CREATE TEMP TABLE {table} AS
        SELECT editions.word, areas.meaning, NOT is_exact AS is_best_fit
        FROM editions LEFT JOIN areas ON areas.word = fitted""")
    session.connection.unregister("editions")


def describe_conversion(session: Session, editions: Editions, source_no: int) -> dict[str, Any]:
    """What was converted, for the report: people and areas by best fit, and those not in the look-up."""
    (best_fit, areas, unknown), *_ = session.run(f"""
        SELECT count(*) FILTER (area_fate = {words.BY_FIT}),
            count(DISTINCT area_text) FILTER (area_fate = {words.BY_FIT}),
            count(*) FILTER (area_fate = {words.NO_AREA})
        FROM persons_staged
        WHERE reason IS NULL AND source_no = {source_no}""")
    return {
        "lookup": editions.name,
        "from_edition": editions.read,
        "to_edition": editions.wanted,
        "rule": editions.rule,
        "people_by_best_fit": best_fit,
        "areas_by_best_fit": areas,
        "people_not_in_lookup": unknown,
    }


def name_unplaced(session: Session, file_no: int) -> Iterable[str]:
    """Notes that name the LSOAs that many rows of a file have, and the place or the look-up has not."""
    fates = {
        words.OUTSIDE: "are not in the place's areas",
        words.NO_AREA: "are not in the look-up of LSOA editions",
    }
    for fate, what in fates.items():
        rows = session.run(f"""
            SELECT area_text, count(*) FROM persons_staged
            WHERE file_no = {file_no} AND reason IS NULL AND area_fate = {fate}
                AND regexp_full_match(area_text, '{_LSOA}')
            GROUP BY area_text ORDER BY count(*) DESC, area_text""")
        named = [f"{code} ({count:,} rows)" for code, count in rows[:_NAMED] if count >= _LEAST_ROWS]
        if named:
            others = f", and {len(rows) - len(named):,} others" if len(rows) > len(named) else ""
            yield f"{len(rows):,} LSOAs {what}: {', '.join(named)}{others}"
