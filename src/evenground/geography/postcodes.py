"""Postcodes: which small area each lies in, from the ONS's look-up that a place supplies.

What is kept of it is public geography: the postcodes of the districts (``S60`` of ``S60 1AA``) that reach
into the place, each with its LSOA. Those of them outside the place stand without one, so that a postcode
across the border is told from one that nobody has given out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from evenground.errors import Fault, WorkspaceError

POSTCODES_FILE: Final = "postcodes.parquet"
"""Its name in a workspace."""

SCHEMA: Final = pl.Schema({"postcode": pl.String, "lsoa_code": pl.String, "ended": pl.String})
"""``postcode`` without its space; ``lsoa_code`` null outside the place; ``ended`` as YYYYMM, null in use."""

_EDITION: Final = "lsoa_edition"
_SOURCE: Final = "source"
_POSTCODE_COLUMNS: Final = ("pcds", "pcd", "pcd8", "pcd7", "pcd2", "postcode")
_ENDED_COLUMNS: Final = ("doterm", "dot")
_INWARD: Final = 3
_WHOLE: Final = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_DISTRICT: Final = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")
_SHAPE: Final = rf"^{_WHOLE.pattern}$"


@dataclass(frozen=True, slots=True)
class Postcode:
    """A postcode as somebody typed it: its district, and the rest; without a rest, the district alone."""

    district: str
    rest: str

    @property
    def is_whole(self) -> bool:
        """Whether it is more than a district."""
        return bool(self.rest)

    def __str__(self) -> str:
        return f"{self.district} {self.rest}".strip()


def parse_postcode(text: str) -> Postcode | None:
    """What has the shape of a postcode or of a district, whatever its spaces and letters.

    >>> str(parse_postcode("s601aa")), str(parse_postcode(" S60  1aa ")), str(parse_postcode("s60"))
    ('S60 1AA', 'S60 1AA', 'S60')
    >>> parse_postcode("S60 1AAA"), parse_postcode("Old Town")
    (None, None)
    """
    compact = "".join(text.split()).upper()
    if found := _WHOLE.fullmatch(compact):
        return Postcode(found[1], found[2])
    return Postcode(compact, "") if _DISTRICT.fullmatch(text.strip().upper()) else None


@dataclass(frozen=True, slots=True)
class Placed:
    """A postcode of the look-up: its LSOA (none outside the place), and when it ended, as YYYYMM."""

    lsoa_code: str | None
    ended: str | None


class PostcodeLookup:
    """The postcodes of a place.

    Parameters
    ----------
    frame
        As ``prepare_postcodes`` gives it.
    lsoa_edition
        Of the LSOAs in it.
    source
        The name of the file that it was made from.
    """

    def __init__(self, frame: pl.DataFrame, lsoa_edition: str, source: str) -> None:
        self.frame = frame
        self.lsoa_edition = lsoa_edition
        self.source = source

    def find(self, postcode: Postcode) -> Placed | None:
        """Where a whole postcode lies; ``None`` where the look-up has not got it."""
        compact = postcode.district + postcode.rest
        rows = self.frame.filter(pl.col("postcode") == compact).rows()
        return Placed(*rows[0][1:]) if rows else None

    def list_lsoas(self, district: str) -> list[str]:
        """The place's LSOAs that a district has postcodes in, in order; none for a district elsewhere."""
        of_district = self.frame.filter(_district() == district)
        return of_district["lsoa_code"].drop_nulls().unique().sort().to_list()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was kept of an ONS look-up, and what was passed over.

    ``empty`` are the place's LSOAs that have no postcode in it: more than a few mean another edition.
    """

    frame: pl.DataFrame
    inside: int
    ended: int
    outside: int
    districts: int
    unreadable: int
    empty: int


def prepare_postcodes(path: Path, lsoas: Collection[str], *, lsoa_edition: str) -> Prepared:
    """The part of the ONS Postcode Directory, or of the National Statistics Postcode Lookup, about a place.

    Parameters
    ----------
    path
        The CSV file as the ONS publishes it, whole: also one of its smaller look-ups from postcodes to
        census areas. The header may be in capitals or not, and of any year.
    lsoas
        The codes of the place's LSOAs.
    lsoa_edition
        ``2011`` or ``2021``: decides which column is read.

    Raises
    ------
    WorkspaceError
        Where the file is not such a look-up, has no LSOAs of that edition, or none of the place.
    """
    header = _read_header(path)
    year = lsoa_edition[-2:]
    names = (_POSTCODE_COLUMNS, _ENDED_COLUMNS, (f"lsoa{year}cd", f"lsoa{year}"))
    postcode, ended, lsoa = (next((header[one] for one in some if one in header), None) for some in names)
    faults = []
    if postcode is None:
        what = f"has no column of postcodes ({', '.join(_POSTCODE_COLUMNS[:4])})."
        faults.append(Fault(path.name, what, "Give the ONSPD or NSPL of the ONS as it is."))
    if lsoa is None:
        others = [name for name in header.values() if name.lower().startswith("lsoa")]
        what = f"has no column of the LSOAs of {lsoa_edition} (lsoa{year}cd, lsoa{year})."
        fix = f"It has {', '.join(others)}. " if others else ""
        faults.append(Fault(path.name, what, f"{fix}place.toml says lsoa_edition = {lsoa_edition}."))
    if faults or postcode is None or lsoa is None:
        raise WorkspaceError("The postcodes cannot be used.", faults)
    read = _read_rows(path, postcode, lsoa, ended)
    return _keep_of_place(path, read, frozenset(lsoas), lsoa_edition)


def write_postcodes(frame: pl.DataFrame, *, lsoa_edition: str, source: str) -> bytes:
    """A look-up as the bytes of its Parquet file: the same content gives the same bytes."""
    content = io.BytesIO()
    frame.write_parquet(content, metadata={_EDITION: lsoa_edition, _SOURCE: source})
    return content.getvalue()


def load_postcodes(path: Path) -> PostcodeLookup:
    """Read what ``write_postcodes`` wrote.

    Raises
    ------
    WorkspaceError
        Where it is something else.
    """
    try:
        facts = pl.read_parquet_metadata(path)
        return PostcodeLookup(pl.read_parquet(path).select(list(SCHEMA)), facts[_EDITION], facts[_SOURCE])
    except (OSError, KeyError, pl.exceptions.PolarsError) as error:
        fault = Fault(path.name, "is not a look-up of postcodes.", "Run 'evenground data postcodes' again.")
        raise WorkspaceError("The postcodes cannot be used.", [fault]) from error


def _district() -> pl.Expr:
    return pl.col("postcode").str.slice(0, pl.col("postcode").str.len_chars() - _INWARD)


def _read_header(path: Path) -> dict[str, str]:
    """The names of the columns by themselves in small letters."""
    try:
        first = pl.read_csv(path, n_rows=0, infer_schema=False, encoding="utf8-lossy")
    except (OSError, pl.exceptions.PolarsError) as error:
        fix = "Unzip what the ONS publishes, and give the CSV file of the whole country in it."
        fault = Fault(path.name, "is not a CSV file that can be read.", fix)
        raise WorkspaceError("The postcodes cannot be used.", [fault]) from error
    return {name.strip("\ufeff ").lower(): name for name in first.columns}


def _read_rows(path: Path, postcode: str, lsoa: str, ended: str | None) -> pl.DataFrame:
    compact = pl.col(postcode).str.replace_all(r"\s", "").str.to_uppercase()
    end = pl.col(ended).str.strip_chars() if ended else pl.lit(None, pl.String)
    try:
        return (
            pl.scan_csv(path, infer_schema=False, encoding="utf8-lossy")
            .select(
                compact.alias("postcode"),
                pl.col(lsoa).str.strip_chars().alias("lsoa_code"),
                end.alias("ended"),
            )
            .with_columns(pl.when(pl.col("ended") != "").then(pl.col("ended")).alias("ended"))
            .collect()
        )
    except pl.exceptions.PolarsError as error:
        fault = Fault(path.name, "has rows that do not fit its header.", "Download it again.")
        raise WorkspaceError("The postcodes cannot be used.", [fault]) from error


def _keep_of_place(path: Path, read: pl.DataFrame, lsoas: frozenset[str], lsoa_edition: str) -> Prepared:
    shaped = read.filter(pl.col("postcode").str.contains(_SHAPE)).unique("postcode", keep="first")
    # Without a null among them, which is_in would give for a postcode of another country.
    inside = pl.col("lsoa_code").is_in(list(lsoas)).fill_null(value=False)
    districts = shaped.filter(inside).select(_district().unique())["postcode"]
    if districts.is_empty():
        what = f"has no postcode in any of the place's {len(lsoas):,} LSOAs of {lsoa_edition}."
        fix = "Check lsoa_edition in place.toml, and that the file is of the whole country."
        raise WorkspaceError("The postcodes cannot be used.", [Fault(path.name, what, fix)])
    kept = (
        shaped.filter(_district().is_in(districts.implode()))
        .with_columns(pl.when(inside).then(pl.col("lsoa_code")).alias("lsoa_code"))
        .sort("postcode")
    )
    own = kept.drop_nulls("lsoa_code")
    return Prepared(
        frame=kept,
        inside=own.height,
        ended=own["ended"].count(),
        outside=kept.height - own.height,
        districts=len(districts),
        unreadable=read.height - read.filter(pl.col("postcode").str.contains(_SHAPE)).height,
        empty=len(lsoas) - own["lsoa_code"].n_unique(),
    )
