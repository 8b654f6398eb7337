"""Which persons a source may bring: the register says who counts, others add what they know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenground.errors import Fault, suggest
from evenground.sources.options import SourceOptions
from evenground.workspace import PLACE_FILE, SourceSection


@dataclass(frozen=True, slots=True)
class Role:
    """What one source is among the sources of a place."""

    identifiers: str
    adds_people: bool


def assign_roles(sections: Sequence[SourceSection], options: Sequence[SourceOptions]) -> tuple[Role, ...]:
    """The role of each source. The register, the first unless one says ``is_register``, brings its people."""
    marked = [number for number, entry in enumerate(options) if entry.is_register]
    register = marked[0] if marked else 0
    return tuple(
        Role(entry.identifiers or section.name, entry.adds_people or number == register)
        for number, (section, entry) in enumerate(zip(sections, options, strict=True))
    )


def check_names(sections: Sequence[SourceSection]) -> list[Fault]:
    """Whether there is a source, and each has a name of its own."""
    if not sections:
        return [Fault(f"{PLACE_FILE}, [[sources]]", "there are no sources.", "Add one [[sources]].")]
    names = [section.name for section in sections]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        Fault(f'{PLACE_FILE}, source "{name}"', "stands more than once.", "Give each source its own name.")
        for name in twice
    ]


def check_roles(sections: Sequence[SourceSection], options: Sequence[SourceOptions]) -> list[Fault]:
    """The faults of what the sources say of each other: two registers, a source that could reach nobody."""
    faults: list[Fault] = []
    registers = [section.name for section, entry in zip(sections, options, strict=True) if entry.is_register]
    if len(registers) > 1:
        listed = ", ".join(f'"{name}"' for name in registers)
        what = f"is_register = true stands in {len(registers)} sources ({listed})."
        faults.append(
            Fault(f"{PLACE_FILE}, [[sources]]", what, "Keep one; give the others adds_people = true.")
        )
    roles = assign_roles(sections, options)
    reached = {role.identifiers for role in roles if role.adds_people}
    for section, entry, role in zip(sections, options, roles, strict=True):
        if entry.linkage is not None:
            faults += _check_linked(section, role)
        elif role.identifiers not in reached:
            what = f'shares its identifiers ("{role.identifiers}") with no source whose people count.'
            hint = "Set identifiers to theirs, or adds_people = true."
            if role.identifiers != section.name:
                hint = f"{suggest(role.identifiers, reached)} {hint}"
            faults.append(Fault(f'{PLACE_FILE}, source "{section.name}"', what, hint))
    return faults


def _check_linked(section: SourceSection, role: Role) -> list[Fault]:
    """A linked source has no people of its own: whoever was not linked may be on the register."""
    if not role.adds_people:
        return []
    what = "has a linkage, and its people count by themselves: some would be counted twice."
    hint = "Leave out linkage or adds_people, and let another source be the register."
    return [Fault(f'{PLACE_FILE}, source "{section.name}"', what, hint)]
