"""Code lists: short CSV files that a clinician can read, each with its source and version.

A code list is a CSV with the columns ``code_system,code,term`` and, where codes fall into classes (smoking
status, cancer stage), ``category``. Lines before the header that start with ``#`` say where it came from::

    # source: NHS England primary care domain reference set HYP_COD
    # version: 2025-04
    code_system,code,term
    snomed_ct,38341003,Hypertensive disorder
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from evenground.contract import CODE_SYSTEMS
from evenground.errors import DefinitionError, Fault, suggest

SHIPPED = Path(__file__).parent / "definitions" / "codelists"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a code list."""

    code_system: str
    code: str
    term: str
    category: str | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named list of codes with the source and version it was taken from."""

    id: str
    source: str
    version: str
    codes: tuple[Code, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The classes its codes fall into, in the order first met; empty where there are none."""
        return tuple(dict.fromkeys(code.category for code in self.codes if code.category))


def find_codelists(*folders: Path) -> dict[str, Path]:
    """Code list files by id, later folders (a workspace's own) replacing earlier ones (those that ship)."""
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.csv"))}


def load_codelist(path: Path) -> CodeList:
    """Read one code list.

    Raises
    ------
    DefinitionError
        With every fault of the file: no source, a missing column, an empty or duplicated code, an unknown
        code system.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    about = _read_header_comments(lines)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    faults = [
        Fault(path.name, f"has no '# {key}: ...' line.", "Say where the codes come from.")
        for key in ("source", "version")
        if not about.get(key)
    ]
    missing = {"code_system", "code", "term"} - set(rows[0] if rows else ())
    if missing:
        faults.append(
            Fault(path.name, f"lacks the columns {sorted(missing)}.", "Add them to the header line.")
        )
        raise DefinitionError(f"The code list {path.name} cannot be used.", faults)
    faults += _check_rows(path.name, rows)
    if faults:
        raise DefinitionError(f"The code list {path.name} cannot be used.", faults)
    codes = tuple(Code(r["code_system"], r["code"], r["term"], r.get("category") or None) for r in rows)
    return CodeList(path.stem, about["source"], about["version"], codes)


def _read_header_comments(lines: list[str]) -> dict[str, str]:
    pairs = (line[1:].partition(":") for line in lines if line.startswith("#"))
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _check_rows(name: str, rows: list[dict[str, str]]) -> list[Fault]:
    faults = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, start=1):
        where = f"{name}, code {number}"
        if not row["code"]:
            faults.append(Fault(where, "has no code."))
        if row["code_system"] not in CODE_SYSTEMS:
            hint = suggest(row["code_system"], CODE_SYSTEMS)
            faults.append(Fault(where, f'has the unknown code system "{row["code_system"]}".', hint))
        key = (row["code_system"], row["code"])
        if key in seen:
            faults.append(Fault(where, f"repeats {row['code']}.", "Keep one of the two."))
        seen.add(key)
    return faults
