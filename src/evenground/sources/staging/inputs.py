"""One table of a provider as the checks take it: which file, and what each of its columns is to us."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from evenground.errors import Fault
from evenground.sources.staging.files import InputFile
from evenground.sources.staging.session import Session

Progress = Callable[[str], None]

UNKNOWN_PERSON: Final = "chr(1)"
"""SQL for the identifier of somebody who is named in a row, and whom the source's persons do not hold."""


UNLINKED: Final = "chr(2)"
"""SQL for the identifier of somebody whom a linkage found no person of the register for."""


OPTED_OUT: Final = {"national": "chr(3)", "type_1": "chr(4)"}
"""SQL for the identifier of somebody who opted out of being counted from a source, by the opt-out."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file of persons or of events, and how to read it.

    ``columns``, ``values`` and ``constants`` are by contract column, as ``place.toml`` has them for extracts.
    ``prepare`` makes what ``file.relation`` reads, once, just before the rows are staged, and returns notes
    for the report: no row is touched while a source is only checked. ``agreed_codes`` is the table of the
    codes that may be read, where not all may; ``areas`` that of its LSOAs, where they are of another edition.
    """

    table: Literal["persons", "events"]
    file: InputFile
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    month_first: bool = False
    code_system: str = "snomed_ct"
    prepare: Callable[[Session], list[str]] | None = None
    is_optional: bool = False
    pseudonymise: Callable[[str], str] | None = None
    areas: str | None = None
    agreed_codes: str | None = None

    def pseudonym(self, person: str) -> str:
        """SQL for the pseudonym that the SQL for a person's identifier gives."""
        return self.pseudonymise(person) if self.pseudonymise else person


@dataclass(frozen=True, slots=True)
class Opened:
    """The tables of one source, and every fault found while they were opened."""

    inputs: Sequence[Input]
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class FileNumber:
    """Where a file stands among all: its own number, its source's, and that of the source's identifiers."""

    file: int
    source: int
    space: int


@dataclass(slots=True)
class Intake:
    """Where the files of one source are looked for, and where temporary copies of them may stand."""

    source: str
    root: Path
    temporary: Path
    tell: Progress
    _copies: int = 0

    def next_copy(self) -> Path:
        """A path in the temporary folder that no other file of the build has."""
        self._copies += 1
        return self.temporary / f"copy-{self._copies}"
