"""From folders of TOML to checked records, telling every fault of every file at once.

::

    definitions/
      deliverability/ID.toml       how easily communities can be served
      evidence/ID.toml             what reaching one more person is worth
      interventions/ID.toml        what can be bought
      interventions/staff/ID.toml  who is needed for it
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evenground.errors import DefinitionError, Fault, suggest
from evenground.spending.records import Deliverability, Evidence, Intervention, Role
from evenground.workspace import explain_validation

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be bought, and the staff that some of it needs; each in the order of the ids."""

    interventions: tuple[Intervention, ...]
    staff: tuple[Role, ...] = ()


def load_evidence(*folders: Path) -> tuple[Evidence, ...]:
    """Read and check the evidence records in ``folders``, one TOML file each.

    A later folder replaces what an earlier one says under the same id. A folder that is not there holds none.

    Raises
    ------
    DefinitionError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    faults: list[Fault] = []
    found = _read_all(folders, Evidence, "evidence", faults)
    _stop(faults, "The evidence")
    return tuple(found.values())


def load_deliverability(folder: Path) -> tuple[Deliverability, ...]:
    """Read and check what is known of how easily communities can be served; nothing where no folder is.

    Raises
    ------
    DefinitionError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    faults: list[Fault] = []
    found = _read_all([folder], Deliverability, "deliverability", faults)
    _stop(faults, "What is known of serving communities")
    return tuple(found.values())


def load_offer(folder: Path) -> Offer:
    """Read and check the interventions in ``folder`` and the staff in its folder ``staff``.

    Raises
    ------
    DefinitionError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    faults: list[Fault] = []
    if not folder.is_dir():
        faults.append(Fault(str(folder), "is not there.", "Give the folder of the interventions."))
    interventions = _read_all([folder], Intervention, folder.name, faults)
    staff = _read_all([folder / "staff"], Role, f"{folder.name}/staff", faults)
    roles = {path.stem for path in (folder / "staff").glob("*.toml")}
    for name, intervention in interventions.items():
        faults += _check_roles(f"{folder.name}/{name}.toml, staff", intervention.staff, roles)
    if not interventions and not faults:
        faults.append(Fault(str(folder), "holds no intervention.", "Write one TOML file for each."))
    _stop(faults, "The interventions")
    return Offer(tuple(interventions.values()), tuple(staff.values()))


def check_records(definitions: Path) -> None:
    """Read whatever evidence, interventions and knowledge of serving a place's definitions hold.

    Raises
    ------
    DefinitionError
        With every fault of all.
    """
    faults: list[Fault] = []
    readers: dict[str, Callable[[Path], object]] = {
        "evidence": load_evidence,
        "interventions": load_offer,
        "deliverability": load_deliverability,
    }
    for folder, load in readers.items():
        try:
            if (definitions / folder).is_dir():
                load(definitions / folder)
        except DefinitionError as error:
            faults += error.faults
    _stop(faults, "The records of what money can buy")


def _check_roles(where: str, needed: Iterable[str], roles: set[str]) -> Iterator[Fault]:
    for role in needed:
        if role not in roles:
            yield Fault(f"{where}.{role}", "has no record in the folder staff.", suggest(role, roles))


def _stop(faults: list[Fault], what: str) -> None:
    if faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
        raise DefinitionError(f"{what} cannot be used: {count}.", faults)


def _read_all(
    folders: Iterable[Path], model: type[Record], kind: str, faults: list[Fault]
) -> dict[str, Record]:
    paths = {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}
    records = {}
    for stem, path in sorted(paths.items()):
        record = _read(path, model, f"{kind}/{path.name}", faults)
        if record is not None:
            records[stem] = record
    return records


def _read(path: Path, model: type[Record], where: str, faults: list[Fault]) -> Record | None:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(Fault(where, f"cannot be read: {error}.", "Save it as TOML in UTF-8."))
        return None
    faults += _check_id(path.stem, where, raw)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults += explain_validation(where, error, model)
        return None


def _check_id(stem: str, where: str, raw: Mapping[str, Any]) -> Iterator[Fault]:
    named = raw.get("id")
    if isinstance(named, str) and named != stem:
        yield Fault(f"{where}, id", f'is "{named}", but the file is named {stem}.', f'Write id = "{stem}".')
