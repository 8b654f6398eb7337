"""From a folder of TOML to checked agreements, telling every fault of every file at once."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from evenground.agreements.model import ALL, BASES, FIELDS, Agreement
from evenground.errors import AgreementError, Fault, suggest
from evenground.workspace import explain_validation

_TITLES: Final = re.compile(r"(mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|cllr)\.? ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Known:
    """The names that an agreement may use: sources with records of people, and features."""

    sources: frozenset[str]
    features: frozenset[str]


def load_agreements(
    folder: Path, *, sources: Collection[str], features: Collection[str]
) -> tuple[Agreement, ...]:
    """Read and check every agreement in ``folder``, one TOML file each, in the order of their ids.

    Parameters
    ----------
    folder
        The workspace's ``agreements``; one that is not there holds none.
    sources
        The names of the sources that hold records of people.
    features
        The ids of the features.

    Raises
    ------
    AgreementError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    known = Known(frozenset(sources), frozenset(features))
    faults: list[Fault] = []
    agreements = []
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        agreement, wrong = _read(path, known)
        faults += wrong
        if agreement is not None:
            agreements.append(agreement)
    if faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
        raise AgreementError(f"The data-sharing agreements cannot be used: {count}.", faults)
    return tuple(agreements)


def _read(path: Path, known: Known) -> tuple[Agreement | None, list[Fault]]:
    where = f"agreements/{path.name}"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [Fault(where, f"cannot be read: {error}.", "Save it as TOML in UTF-8.")]
    faults = [*_check_names(path.stem, where, raw, known), *_check_dates(where, raw)]
    try:
        agreement = Agreement.model_validate(raw)
    except ValidationError as error:
        return None, [*explain_validation(where, error, Agreement), *faults]
    faults += _check_opt_outs(where, agreement)
    return agreement, faults


# What follows reads the file as it was written, not as a checked agreement: a missing title must not hide
# that a source is misspelt.


def _check_names(stem: str, where: str, raw: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    if isinstance(raw.get("id"), str) and raw["id"] != stem:
        yield Fault(f"{where}, id", f'"{raw["id"]}" is not the name of the file.', f'Set it to "{stem}".')
    if _same_person(raw):
        fix = "Another person must have checked it."
        yield Fault(f"{where}, checker", "is the author.", fix)
    parties = [name for party in _tables(raw, "parties") if isinstance(name := party.get("name"), str)]
    for name in sorted({name for name in parties if parties.count(name) > 1}):
        yield Fault(f"{where}, parties", f'"{name}" stands more than once.', "Give each party one role.")
    if _tables(raw, "parties") and not any(
        str(party.get("role", "")).endswith("controller") for party in _tables(raw, "parties")
    ):
        yield Fault(f"{where}, parties", "none is a controller.", "Say who decides what the data are for.")
    for number, dataset in enumerate(_tables(raw, "datasets")):
        at = f"{where}, datasets.{number}"
        yield from _check_name(f"{at}.source", dataset.get("source"), known.sources)
        yield from _check_name(f"{at}.giver", dataset.get("giver"), parties)
        yield from _check_name(f"{at}.receiver", dataset.get("receiver"), parties)
        yield from _check_listed(f"{at}.fields", dataset.get("fields"), FIELDS)
        yield from _check_listed(f"{at}.features", dataset.get("features"), known.features)
    yield from _check_signatures(where, raw, parties)
    basis = raw.get("legal_basis")
    if isinstance(basis, dict):
        for name in ("article_6", "article_9", "confidentiality"):
            yield from _check_name(f"{where}, legal_basis.{name}", basis.get(name), getattr(BASES, name))


def _check_signatures(where: str, raw: Mapping[str, Any], parties: list[str]) -> Iterator[Fault]:
    for number, signature in enumerate(_tables(raw, "signatures")):
        at = f"{where}, signatures.{number}"
        yield from _check_name(f"{at}.party", signature.get("party"), parties)
        if isinstance(signature.get("by"), str) and _TITLES.match(signature["by"].strip()):
            fix = "Give the role, such as Caldicott Guardian: the register holds no names of people."
            yield Fault(f"{at}.by", "looks like a person's name.", fix)


def _check_dates(where: str, raw: Mapping[str, Any]) -> Iterator[Fault]:
    start, review, end = (_date(raw.get(name)) for name in ("start", "review", "end"))
    if start and end and end < start:
        yield Fault(f"{where}, end", f"{end} is before the start, {start}.", "Put the two dates right.")
        return
    for name, day in (("start", start), ("end", end)):
        if review and day and (review < day if name == "start" else review > day):
            order = "before" if name == "start" else "after"
            fix = "Put the review between start and end."
            yield Fault(f"{where}, review", f"{review} is {order} the {name}, {day}.", fix)


def _check_opt_outs(where: str, agreement: Agreement) -> Iterator[Fault]:
    basis, purposes = agreement.legal_basis.confidentiality, {str(one) for one in agreement.purposes}
    if basis == "implied_consent" and purposes != {"direct_care"}:
        what = f"implied consent does not reach beyond direct care, to {', '.join(sorted(purposes))}."
        fix = f"Name another basis: {', '.join(sorted(BASES.confidentiality))}."
        yield Fault(f"{where}, legal_basis.confidentiality", what, fix)
    for name in ("national", "type_1"):
        handling = getattr(agreement.opt_outs, name)
        if handling == "not_applicable" and agreement.must_uphold(name) and not agreement.opt_outs.reason:
            what = f'"not_applicable" does not go with the purposes and the basis "{basis}".'
            fix = "Say removed_here or removed_by_provider, or give the exemption as reason."
            yield Fault(f"{where}, opt_outs.{name}", what, fix)


def _check_name(where: str, name: Any, known: Collection[str]) -> Iterator[Fault]:
    if isinstance(name, str) and name not in known:
        yield Fault(where, f'"{name}" is not known here.', suggest(name, known))


def _check_listed(where: str, names: Any, known: Collection[str]) -> Iterator[Fault]:
    if isinstance(names, str) and names != ALL:
        yield Fault(where, f'"{names}" is neither "{ALL}" nor a list.', "Give a list of names.")
    for name in names if isinstance(names, list) else ():
        yield from _check_name(where, name, known)


def _same_person(raw: Mapping[str, Any]) -> bool:
    author, checker = raw.get("author"), raw.get("checker")
    return isinstance(author, str) and isinstance(checker, str) and author.casefold() == checker.casefold()


def _tables(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = raw.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _date(value: Any) -> dt.date | None:
    return value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else None
