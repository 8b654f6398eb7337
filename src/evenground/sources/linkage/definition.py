"""A linkage: reviewed data that says which two sources are put together, by what, and how sure is enough."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from evenground.errors import DefinitionError, Fault, suggest
from evenground.sources.linkage.fields import FIELDS, GROUPS, HASHED, KEYS
from evenground.sources.options import (
    ByColumn,
    DateOrder,
    EthnicValues,
    Separator,
    SexValues,
    StrictModel,
    check_overlap,
)
from evenground.sources.pseudonyms import KEY_VARIABLE
from evenground.workspace import SourceSection, explain_validation

FOLDER: Final = "linkages"
"""The folder of a workspace's definitions, and of its secure zone, that linkages stand in."""

_Words = Annotated[str, Field(min_length=3)]


class SideColumns(ByColumn):
    """The provider's column name for each field."""

    person_id: str
    birth_date: str | None = None
    sex: str | None = None
    forename: str | None = None
    surname: str | None = None
    postcode: str | None = None
    uprn: str | None = None
    ethnic_group: str | None = None
    lsoa_code: str | None = None


class SideValues(ByColumn):
    """The provider's values and ours, by column. Ours may be empty: the cell then counts as empty."""

    person_id: dict[str, str] | None = None
    birth_date: dict[str, str] | None = None
    sex: SexValues = None
    forename: dict[str, str] | None = None
    surname: dict[str, str] | None = None
    postcode: dict[str, str] | None = None
    uprn: dict[str, str] | None = None
    ethnic_group: EthnicValues = None
    lsoa_code: dict[str, str] | None = None


class Side(StrictModel):
    """One of the two sources: its name in ``place.toml``, and the file with what is compared."""

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    separator: Separator | None = None
    date_order: DateOrder = "day_first"
    is_hashed: bool = False
    columns: SideColumns
    values: SideValues = SideValues()

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        check_overlap(self.columns, ByColumn(), self.values)
        wrong = sorted(self.values.given().keys() & set(HASHED)) if self.is_hashed else []
        if wrong:
            raise ValueError(
                f"values are given for {', '.join(wrong)}, which the provider has hashed already"
            )
        return self

    def mapped(self, fields: Iterable[str]) -> dict[str, str]:
        """Our columns and the provider's: where the provider made the keys of a field, each of them."""
        given = self.columns.given()
        keys = [
            (key, f"{given[name]}{key.removeprefix(name)}")
            for name in fields
            if self.is_hashed and name in HASHED
            for key in FIELDS[name].keys
        ]
        return given | dict(keys)


class Compared(StrictModel):
    """One ``[[comparisons]]``: a field, the levels at which two may agree, and whether rarity counts."""

    field: str
    levels: tuple[str, ...] | None = None
    rarity: bool = False

    def chosen(self) -> tuple[str, ...]:
        """The levels to tell apart, closest first."""
        levels = FIELDS[self.field].levels
        return tuple(level for level in levels if self.levels is None or level in self.levels)


class Thresholds(StrictModel):
    """How probable a match must be to be linked, and to be looked at by a person."""

    link: float = Field(gt=0, lt=1)
    review: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.review >= self.link:
            raise ValueError(f"review ({self.review:g}) must be below link ({self.link:g})")
        return self


class Linkage(StrictModel):
    """``definitions/linkages/<id>.toml``, checked."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    name: _Words
    purpose: _Words
    author: _Words
    checker: _Words
    review_date: dt.date
    source: Side
    register_: Side = Field(alias="register")
    expected_share: float = Field(gt=0, le=1)
    blocking: tuple[tuple[str, ...], ...] = Field(min_length=1)
    comparisons: tuple[Compared, ...] = Field(min_length=2)
    thresholds: Thresholds
    pseudonym_key: str = Field(default=KEY_VARIABLE, min_length=1)

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        if self.author.casefold() == self.checker.casefold():
            raise ValueError("author and checker are the same: another person must have checked it")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that both sides must hold: those compared, and those blocked on."""
        used = {item.field for item in self.comparisons}
        used |= {KEYS[key].name for rule in self.blocking for key in rule}
        return tuple(name for name in FIELDS if name in used)


def load_linkage(root: Path, linkage_id: str, sections: Sequence[SourceSection]) -> Linkage:
    """Read and check one linkage of the workspace at ``root``.

    Raises
    ------
    DefinitionError
        With every fault: file and key, what was found, the nearest right name.
    """
    path = _folder(root) / f"{linkage_id}.toml"
    if not path.is_file():
        hint = suggest(linkage_id, (known.stem for known in _folder(root).glob("*.toml")))
        fault = Fault(_where(path), "is not there.", hint)
        raise DefinitionError(f'There is no linkage "{linkage_id}".', [fault])
    linkage, faults = _read(path, sections)
    if linkage is None or faults:
        raise DefinitionError(f'The linkage "{linkage_id}" cannot be used.', faults)
    return linkage


def check_linkages(root: Path, sections: Sequence[SourceSection]) -> list[Fault]:
    """Every fault of every linkage of the workspace at ``root``."""
    return [fault for path in sorted(_folder(root).glob("*.toml")) for fault in _read(path, sections)[1]]


def _folder(root: Path) -> Path:
    return root / "definitions" / FOLDER


def _where(path: Path) -> str:
    return f"{FOLDER}/{path.name}"


def _read(path: Path, sections: Sequence[SourceSection]) -> tuple[Linkage | None, list[Fault]]:
    where = _where(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        return None, [Fault(where, f"is not TOML: {error}.")]
    except UnicodeDecodeError:
        return None, [Fault(where, "is not UTF-8 text.", "Save it as UTF-8.")]
    faults = _check_names(raw, where)
    try:
        linkage = Linkage.model_validate(raw)
    except ValidationError as error:
        return None, [*faults, *map(_in_its_words, explain_validation(where, error, Linkage))]
    if faults:
        return None, faults
    faults += _check_id(linkage, path)
    faults += _check_sides(linkage, where, sections)
    faults += _check_fields(linkage, where)
    faults += _check_rules(linkage, where)
    return linkage, faults


def _in_its_words(fault: Fault) -> Fault:
    return Fault(fault.where.removesuffix(", "), fault.what, fault.fix.replace("register_", "register"))


def _check_names(raw: dict[str, Any], where: str) -> list[Fault]:
    """Names of fields, levels and keys, looked at before the model so that all are told at once."""
    faults: list[Fault] = []
    rules, comparisons = raw.get("blocking"), raw.get("comparisons")
    for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
        place = f"{where}, blocking[{number}]"
        if not isinstance(rule, list):
            faults.append(Fault(place, "is not a list of keys.", 'Write it as ["surname", "birth_year"].'))
            continue
        if not rule:
            faults.append(Fault(place, "is empty: everybody would be compared with everybody.", "Name keys."))
        faults += [
            Fault(place, f'"{key}" is not a key.', suggest(str(key), KEYS)) for key in rule if key not in KEYS
        ]
    for number, item in enumerate(comparisons if isinstance(comparisons, list) else [], start=1):
        if isinstance(item, dict) and isinstance(item.get("field"), str):
            faults += _check_comparison(item, f"{where}, comparisons[{number}]")
    return faults


def _check_comparison(item: dict[str, Any], place: str) -> Iterator[Fault]:
    field = FIELDS.get(item["field"])
    if field is None:
        hint = suggest(item["field"], FIELDS)
        if item["field"] in KEYS:
            hint = f'It is a key to block on; compare "{KEYS[item["field"]].name}".'
        yield Fault(f"{place}.field", f'"{item["field"]}" is not a field.', hint)
        return
    levels = item.get("levels")
    for level in levels if isinstance(levels, list) else []:
        if level not in field.levels:
            yield Fault(
                f"{place}.levels",
                f'"{level}" is not a level of {field.name}.',
                suggest(str(level), field.levels),
            )
    if isinstance(levels, list) and "same" not in levels:
        yield Fault(f"{place}.levels", 'does not hold "same".', "Add it: it is the closest level.")


def _check_id(linkage: Linkage, path: Path) -> Iterator[Fault]:
    if linkage.id != path.stem:
        hint = f'Rename the file to "{linkage.id}.toml" or write id = "{path.stem}".'
        yield Fault(f"{_where(path)}, id", f'is "{linkage.id}", but the file is named {path.stem}.', hint)


def _check_sides(linkage: Linkage, where: str, sections: Sequence[SourceSection]) -> Iterator[Fault]:
    names = [section.name for section in sections]
    for key, side in (("source", linkage.source), ("register", linkage.register_)):
        if side.name not in names:
            what = f'"{side.name}" is not a source of place.toml.'
            yield Fault(f"{where}, {key}.name", what, suggest(side.name, names))
    if linkage.source.name == linkage.register_.name:
        what = f'is "{linkage.source.name}", as source.name is.'
        yield Fault(f"{where}, register.name", what, "A linkage puts two different sources together.")


def _check_fields(linkage: Linkage, where: str) -> Iterator[Fault]:
    compared = [item.field for item in linkage.comparisons]
    for field in sorted({name for name in compared if compared.count(name) > 1}):
        yield Fault(f"{where}, comparisons", f'"{field}" is compared more than once.', "Keep one.")
    for key, side in (("source", linkage.source), ("register", linkage.register_)):
        given = side.columns.given()
        for field in linkage.fields:
            if field not in given:
                what = f"is missing: {field} is compared or blocked on."
                yield Fault(
                    f"{where}, {key}.columns.{field}", what, "Name its column, or leave it out there."
                )
        for field in sorted(given.keys() - {*linkage.fields, *GROUPS, "person_id", *_FOR_GROUPS}):
            what = "is neither compared nor blocked on."
            yield Fault(f"{where}, {key}.columns.{field}", what, "Leave out what is not needed.")


_FOR_GROUPS: Final = ("birth_date", "sex")
"""Fields that may be given without being compared, since the rate of linkage is told by them."""


def _check_rules(linkage: Linkage, where: str) -> Iterator[Fault]:
    blocked = [{KEYS[key].name for key in rule} for rule in linkage.blocking]
    for item in linkage.comparisons:
        if all(item.field in fields for fields in blocked):
            what = f"every rule holds {item.field}, so nothing can be learned of how often it is wrong."
            yield Fault(f"{where}, blocking", what, f"Add a rule without {item.field}.")
