"""The error tree: every mistake that a user can make, as a sentence they can act on.

::

    EvengroundError                 exit code 1 (2 is a wrong command line)
    ├── WorkspaceError              3   place.toml or the folder layout is wrong
    ├── DefinitionError             4   an indicator, feature, code list or profile is wrong
    ├── SourceError                 5   a provider's extract cannot be used
    ├── DisclosureError             6   a table may not leave the secure zone
    ├── ReleaseError                7   a release is missing, altered or unreadable
    ├── InputError                  8   numbers passed to a calculation are impossible
    ├── AgreementError              11  a data-sharing agreement is wrong, or does not cover what is asked
    ├── ApprovalError               12  a release may not be approved or returned like this
    ├── AuditLogError               13  the log was altered, or cannot be written
    └── DiskFullError               14  there is no disk left for what is written

No message ever holds a person's values: it names the file, the column, the number of rows and a row
number, never what the row says about the person.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final


class EvengroundError(Exception):
    """Something the user can put right. The message says what, where, what was received, what to do."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place.

    Parameters
    ----------
    where
        The file (relative to the workspace where it can be) and key, column or row.
    what
        What is wrong, with what was received.
    fix
        What to do about it.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" {self.fix}" if self.fix else "")


class FaultsError(EvengroundError):
    """Several faults found in one pass, all told at once."""

    def __init__(self, summary: str, faults: Iterable[Fault] = ()) -> None:
        self.summary = summary
        self.faults: Sequence[Fault] = tuple(faults)
        super().__init__("\n".join([summary, *(f"  - {fault}" for fault in self.faults)]))


class WorkspaceError(FaultsError):
    """The workspace or its ``place.toml`` cannot be used."""

    exit_code = 3


class DefinitionError(FaultsError):
    """A definition cannot be used."""

    exit_code = 4


class SourceError(FaultsError):
    """A provider's extract cannot be used."""

    exit_code = 5


class DisclosureError(EvengroundError):
    """A table may not leave the secure zone as it stands."""

    exit_code = 6


class ReleaseError(EvengroundError):
    """A release is missing, altered or unreadable."""

    exit_code = 7


class InputError(EvengroundError, ValueError):
    """Numbers passed to a calculation that cannot be: a numerator above its denominator, a negative count."""

    exit_code = 8


class AgreementError(FaultsError):
    """A data-sharing agreement cannot be used, or does not cover what a build would do."""

    exit_code = 11


class ApprovalError(EvengroundError):
    """A candidate may not be approved or returned by this person, or was decided upon already."""

    exit_code = 12


class AuditLogError(EvengroundError):
    """The log is not as it was written, or a line cannot be added to it."""

    exit_code = 13


class DiskFullError(EvengroundError):
    """There is no disk left for what is being written. Nothing half-written stays."""

    exit_code = 14

    def __init__(self, where: str, free: int | None = None) -> None:
        left = "" if free is None else f" ({free / 1e6:,.0f} MB are free)"
        super().__init__(
            f"There is no disk left for what is written to the folder '{where}'{left}, or a file may not "
            "grow so large. Nothing half-written stays, and the current release is as it was. Free some "
            "disk, and run it again."
        )


_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS: Final = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "max_temp_directory_size",
)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that there is no disk left: the system's, or a library's that passes it on.

    >>> is_disk_full(OSError(errno.ENOSPC, "...")), is_disk_full(OSError(errno.ENOENT, "..."))
    (True, False)
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return not isinstance(error, EvengroundError) and any(
        words in str(error).lower() for words in _FULL_WORDS
    )


def suggest(name: str, known: Iterable[str]) -> str:
    """The sentence that names the nearest right name, or lists what there is.

    >>> suggest("bowel_screning", ["bowel_screening", "smoking"])
    'Did you mean "bowel_screening"?'
    >>> suggest("zzz", ["a", "b"])
    'Known names: a, b.'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    if len(names) > 12:
        return f"There are {len(names)} known names, from {names[0]} to {names[-1]}."
    return f"Known names: {', '.join(names)}." if names else "There are none yet."
