"""Cohorts: rules that say who would gain from care that reaches out to them."""

from __future__ import annotations

from pathlib import Path

from evenground.errors import DefinitionError, Fault
from evenground.indicators.expressions import Node
from evenground.indicators.loader import SHIPPED, build_all, check_part, read_expressions, read_toml
from evenground.indicators.model import Cohort, Definitions

FOLDER = "cohorts"


def load_cohorts(definitions: Definitions, *folders: Path) -> dict[str, Cohort]:
    """Read the cohorts in ``folders``, in their order; a later folder replaces what an earlier one defines.

    Parameters
    ----------
    definitions
        With the features and code lists that the cohorts are made of.
    folders
        Those of the definitions, each with a folder ``cohorts``; those that ship by default.

    Raises
    ------
    DefinitionError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    faults: list[Fault] = []
    expressions: dict[str, Node] = {}
    raw = read_toml(folders or (SHIPPED,), FOLDER, faults)
    cohorts = build_all(read_expressions(raw, FOLDER, expressions, faults), Cohort, FOLDER, faults)
    known = definitions.features.keys()
    for where, node in expressions.items():
        faults += check_part(node, "expression", where, definitions.features, known, definitions.codelists)
    if faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
        raise DefinitionError(f"The cohorts cannot be used: {count}.", faults)
    return {one.id: one for one in sorted(cohorts.values(), key=lambda one: (one.order, one.id))}
