"""Services and events of a place, to lay over its maps: ``services.csv`` of a workspace, checked row by row.

Public places only: where a service is offered, never where somebody lives.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenground.errors import Fault, WorkspaceError
from evenground.geography.national_grid import to_degrees, to_grid

SERVICES_FILE: Final = "services.csv"
"""Its name in a workspace."""

MOST_ROWS: Final = 2_000
MOST_KINDS: Final = 6
"""Each has a shape of its own on a map: more could not be told apart by their shape."""

_LONGEST: Final = 120
_TEXTS: Final = ("name", "kind", "source")
_GRID: Final = ("easting", "northing")
_DEGREES: Final = ("longitude", "latitude")
_DATES: Final = ("starts", "ends")
_KNOWN: Final = (*_TEXTS, *_GRID, *_DEGREES, *_DATES)
_LIMITS: Final = {
    "easting": (0.0, 700_000.0),
    "northing": (0.0, 1_300_000.0),
    "longitude": (-9.0, 2.5),
    "latitude": (49.0, 61.5),
}
_MOST_FAULTS: Final = 50


@dataclass(frozen=True, slots=True)
class Service:
    """A service or an event: its name, what it is, where, who says so, and on which days, if on some only.

    ``easting`` and ``northing`` are metres of the British National Grid, ``longitude`` and ``latitude``
    degrees of WGS 84, each worked out from the other where only one is given. Dates are as written,
    YYYY-MM-DD, or empty.
    """

    name: str
    kind: str
    source: str
    easting: float
    northing: float
    longitude: float
    latitude: float
    starts: str = ""
    ends: str = ""


def load_services(path: Path) -> tuple[Service, ...]:
    """The services of a file, by kind and name.

    Raises
    ------
    WorkspaceError
        With every fault, each with its row: a column or text missing, a place that is not in Great Britain,
        a date that is none, more than ``MOST_KINDS`` kinds.
    """
    rows, faults = _read(path)
    services: list[Service] = []
    if not faults:
        for number, row in enumerate(rows, start=2):
            found = _check_row(f"{path.name}, row {number}", row)
            faults += found
            if not found:
                services.append(_make(row))
        kinds = sorted({service.kind for service in services})
        if len(kinds) > MOST_KINDS:
            what = f"has {len(kinds)} kinds ({', '.join(kinds)})."
            fix = f"Put them into {MOST_KINDS} at most: each has a shape of its own on the map."
            faults.append(Fault(f"{path.name}, kind", what, fix))
    if faults:
        more = len(faults) - _MOST_FAULTS
        told = faults[:_MOST_FAULTS]
        if more > 0:
            told.append(Fault(path.name, f"has {more:,} more faults."))
        raise WorkspaceError("The services and events cannot be used.", told)
    return tuple(sorted(services, key=lambda one: (one.kind, one.name, one.starts, one.easting)))


def _read(path: Path) -> tuple[list[dict[str, str]], list[Fault]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            faults = _check_header(path, names)
            if faults:
                return [], faults
            rows = [
                {key: (value or "").strip() for key, value in row.items() if key}
                for row in reader
                if any(isinstance(value, str) and value.strip() for value in row.values())
            ]
    except (OSError, UnicodeDecodeError, csv.Error):
        return [], [
            Fault(path.name, "is not a UTF-8 CSV file with one header line.", "Save it as CSV UTF-8.")
        ]
    if len(rows) > MOST_ROWS:
        what = f"has {len(rows):,} rows; a map holds {MOST_ROWS:,} at most."
        return [], [Fault(path.name, what, "Leave out those that nobody looks for on a map.")]
    return rows, []


def _check_header(path: Path, names: Sequence[str]) -> list[Fault]:
    faults = []
    missing = [name for name in _TEXTS if name not in names]
    if missing:
        has = f"It has {', '.join(names)}." if names else "It is empty."
        faults.append(Fault(path.name, f"lacks the columns {', '.join(missing)}.", has))
    if not any(set(pair) <= set(names) for pair in (_GRID, _DEGREES)):
        faults.append(
            Fault(
                path.name,
                "says of no row where it is.",
                "Give easting and northing, or longitude and latitude.",
            )
        )
    unknown = [name for name in names if name not in _KNOWN]
    if unknown:
        fix = f"Known: {', '.join(_KNOWN)}. Nothing about people belongs here."
        faults.append(Fault(path.name, f"has columns that are not known: {', '.join(unknown)}.", fix))
    return faults


def _check_row(where: str, row: Mapping[str, str]) -> list[Fault]:
    faults = [Fault(where, f"has no {name}.", "Fill it in.") for name in _TEXTS if not row.get(name)]
    faults += [
        Fault(where, f"has a {name} of more than {_LONGEST} characters.", "Shorten it.")
        for name in _TEXTS
        if len(row.get(name, "")) > _LONGEST
    ]
    return [*faults, *_check_position(where, row), *_check_dates(where, row)]


def _check_position(where: str, row: Mapping[str, str]) -> list[Fault]:
    pair = _given(row)
    if pair is None:
        return [
            Fault(where, "says not where it is.", "Give easting and northing, or longitude and latitude.")
        ]
    faults = []
    for name in pair:
        low, high = _LIMITS[name]
        number = _number(row[name])
        if number is None:
            faults.append(Fault(where, f"has a {name} that is not a number.", "Write 51.5, not 51° 30'."))
        elif not low <= number <= high:
            fix = f"From {low:g} to {high:g}. Are the two the wrong way round?"
            faults.append(Fault(where, f"has a {name} of {number:g}, outside Great Britain.", fix))
    return faults


def _check_dates(where: str, row: Mapping[str, str]) -> list[Fault]:
    dates = {}
    faults = []
    for name in _DATES:
        text = row.get(name, "")
        if not text:
            continue
        try:
            dates[name] = dt.date.fromisoformat(text)
        except ValueError:
            faults.append(Fault(where, f"has a date under {name} that is none.", "Write 2026-05-31."))
    if len(dates) == len(_DATES) and dates["ends"] < dates["starts"]:
        faults.append(Fault(where, "ends before it starts.", "Correct one of the dates."))
    return faults


def _given(row: Mapping[str, str]) -> tuple[str, str] | None:
    return next((pair for pair in (_GRID, _DEGREES) if all(row.get(name) for name in pair)), None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _make(row: Mapping[str, str]) -> Service:
    if _given(row) == _GRID:
        easting, northing = float(row["easting"]), float(row["northing"])
        longitude, latitude = (float(one) for one in to_degrees(easting, northing))
    else:
        longitude, latitude = float(row["longitude"]), float(row["latitude"])
        easting, northing = (float(one) for one in to_grid(longitude, latitude))
    texts = {name: row[name] for name in _TEXTS} | {name: row.get(name, "") for name in _DATES}
    return Service(easting=easting, northing=northing, longitude=longitude, latitude=latitude, **texts)
