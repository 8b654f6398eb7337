"""What a place has written down: what money can buy, what that is worth, and how people can be served."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from evenground.errors import EvengroundError
from evenground.indicators import SHIPPED
from evenground.spending import (
    Deliverability,
    Evidence,
    Intervention,
    load_deliverability,
    load_evidence,
    load_offer,
)

_FOLDERS: Final = ("interventions", "evidence", "deliverability")


@dataclass(frozen=True, slots=True)
class Records:
    """What can be read, and the sentences that say what cannot.

    ``interventions`` is ``None`` where nobody has written any down.
    """

    evidence: tuple[Evidence, ...] = ()
    deliverability: tuple[Deliverability, ...] = ()
    interventions: tuple[Intervention, ...] | None = None
    problem: str = ""


def find_folder(name: str) -> Path:
    """The folder of one kind of record."""
    return Path(settings.EVENGROUND_DEFINITIONS) / name


def evidence_folders() -> tuple[Path, Path]:
    """What ships, and the place's own, which goes over it."""
    return SHIPPED / "evidence", find_folder("evidence")


def digest_records() -> str:
    """Of every record, so that a changed one is read again."""
    content = hashlib.sha256(str(settings.EVENGROUND_DEFINITIONS).encode())
    for folder in _FOLDERS:
        for path in sorted(find_folder(folder).rglob("*.toml")):
            content.update(f"{folder}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()


@lru_cache(maxsize=4)
def read_records(_digest: str) -> Records:
    """Every record; what cannot be read leaves nothing of its kind."""
    problems: list[str] = []
    evidence: tuple[Evidence, ...] = ()
    deliverability: tuple[Deliverability, ...] = ()
    interventions: tuple[Intervention, ...] | None = None
    try:
        evidence = load_evidence(*evidence_folders())
    except EvengroundError as error:
        problems.append(str(error))
    try:
        deliverability = load_deliverability(find_folder("deliverability"))
    except EvengroundError as error:
        problems.append(str(error))
    try:
        if any(find_folder("interventions").glob("*.toml")):
            interventions = load_offer(find_folder("interventions")).interventions
    except EvengroundError as error:
        problems.append(str(error))
    return Records(evidence, deliverability, interventions, "\n".join(problems))
