"""Whether a file that should hold figures of areas looks as if it held records of people.

The text is searched as it stands, not cell by cell, so that a row which no reader of tables takes is
searched as well.
What is told names columns and numbers of rows, never what stands there.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from evenground.errors import Fault
from evenground.sources.pseudonyms import is_nhs_number

_COLUMNS: Final = frozenset(
    {
        *("nhsnumber", "nhsno", "nhsnum", "newnhsno", "newnhsnumber", "nhsid", "chinumber"),
        *("dateofbirth", "dob", "birthdate", "dateofdeath", "postcode", "patientpostcode", "homepostcode"),
        *("surname", "lastname", "familyname", "forename", "forenames", "firstname", "givenname", "fullname"),
        *("patientid", "patientname", "personid", "patientaddress", "addressline1", "uprn", "hospitalnumber"),
        *("mrn", "localpatientid"),
    }
)
_TEN_DIGITS: Final = re.compile(r"(?<![\d.])(\d{3}[ -]?\d{3}[ -]?\d{4})(?:\.0+)?(?![\d.])")
_EDGES: Final = (r"(?:^|[,;\t|\"])[ ]*", r"[ ]*(?=$|[,;\t|\"\r])")
_DATE: Final = re.compile(
    rf"{_EDGES[0]}(\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d{{2}}))"
    rf"(?:[ T]\d{{2}}:\d{{2}}[\d:.Z]*)?{_EDGES[1]}",
    re.MULTILINE,
)
_POSTCODE: Final = re.compile(
    rf"{_EDGES[0]}([A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}){_EDGES[1]}", re.MULTILINE | re.IGNORECASE
)
_ADVICE: Final = "A file of figures by area holds no such thing. Do not send it again: tell who made it."


def find_person_level(path: Path, name: str) -> list[Fault]:
    """What in a file looks like records of people; nothing where it looks like figures.

    Parameters
    ----------
    path
        The file; it is read whole, so its size must be limited before.
    name
        What messages call it.
    """
    text = _read_text(path)
    header = text.split("\n", 1)[0]
    named = [column for column in re.split(r"[,;\t|]", header) if _fold(column) in _COLUMNS]
    faults = [
        Fault(
            f'{name}, column "{column.strip().strip(chr(34))}"', "is a column of records of people.", _ADVICE
        )
        for column in named
    ]
    for told, pattern, is_one in (
        ("an NHS number", _TEN_DIGITS, is_nhs_number),
        ("a date such as one of birth", _DATE, _always),
        ("a postcode", _POSTCODE, _always),
    ):
        rows = sorted(set(_find_rows(text, pattern, is_one)))
        if rows:
            many = f"{len(rows):,} row{'s' if len(rows) > 1 else ''}, the first of them row {rows[0]:,},"
            what = f"{many} hold{'' if len(rows) > 1 else 's'} what looks like {told}."
            faults.append(Fault(name, what, _ADVICE))
    return faults


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    # UTF-16 without its mark has a zero byte beside each character.
    return content.replace(b"\0", b"").decode("utf-8-sig", errors="replace")


def _fold(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.casefold())


def _always(_: str) -> bool:
    return True


def _find_rows(text: str, pattern: re.Pattern[str], is_one: Callable[[str], bool]) -> Iterator[int]:
    """The numbers of the lines in which a pattern stands, the header being 1."""
    line, at = 1, 0
    for found in pattern.finditer(text):
        if is_one(re.sub(r"[ -]", "", found[1])):
            line, at = line + text.count("\n", at, found.start(1)), found.start(1)
            yield line
