"""The small tables beside the indicators that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.engine.cases import find_cases, run_cases
from evenground.errors import DefinitionError
from evenground.indicators import SHIPPED, Definitions, load_definitions

TABLES = sorted(path.name.removesuffix(".cases.csv") for path in SHIPPED.glob("indicators/*.cases.csv"))


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    return load_definitions()


def table(folder: Path, *rows: str, as_at: str = "2026-03-31") -> Path:
    header = "person,birth_date,sex,ethnic_group,record,date,value,in_denominator,in_numerator"
    path = folder / "bowel_screening.cases.csv"
    path.write_text("\n".join([f"# as_at: {as_at}", header, *rows]))
    return path


@pytest.mark.parametrize("indicator", TABLES)
def test_indicator_counts_what_its_table_expects(shipped: Definitions, indicator: str) -> None:
    path = find_cases(indicator, SHIPPED)
    assert path is not None
    assert run_cases(shipped, indicator, path) >= 3


def test_there_are_tables_beside_indicators_that_ship(shipped: Definitions) -> None:
    assert len(TABLES) >= 8
    assert shipped.indicators.keys() >= set(TABLES)


def test_person_who_is_counted_otherwise_is_named(shipped: Definitions, tmp_path: Path) -> None:
    path = table(tmp_path, "Too old,1940-01-01,,,,,,yes,no", "Sixty,1966-01-01,,,,,,yes,no")
    with pytest.raises(DefinitionError) as caught:
        run_cases(shipped, "bowel_screening", path)
    (fault,) = caught.value.faults
    assert str(fault) == "bowel_screening.cases.csv, Too old: counts 0 and 0, not 1 and 0."


def test_every_fault_of_a_table_is_told(shipped: Definitions, tmp_path: Path) -> None:
    rows = ("One,1966-13-01,,,bowel_screenin,2026-01-01,,maybe,no", "Two,1966-01-01,,,two_of,soon,,yes,no")
    with pytest.raises(DefinitionError) as caught:
        run_cases(shipped, "bowel_screening", table(tmp_path, *rows, as_at="today"))
    told = "\n".join(str(fault) for fault in caught.value.faults)
    for part in (
        'as_at: is "today", not a date.',
        'row 1, birth_date: is "1966-13-01", not a date.',
        'row 1, in_denominator: is "maybe". Write yes, no, or a number for a rate.',
        'row 1, record: "bowel_screenin" is not a feature with codes. Did you mean "bowel_screening"?',
        'row 2, date: is "soon", not a date.',
    ):
        assert part in told


def test_table_with_other_columns_is_refused(shipped: Definitions, tmp_path: Path) -> None:
    path = tmp_path / "x.cases.csv"
    path.write_text("# as_at: 2026-03-31\nperson,born\n")
    with pytest.raises(DefinitionError, match="has other columns"):
        run_cases(shipped, "bowel_screening", path)


def test_table_of_a_place_comes_before_the_one_that_ships(tmp_path: Path) -> None:
    own = tmp_path / "indicators" / "frailty_65.cases.csv"
    own.parent.mkdir()
    own.write_text("")
    assert find_cases("frailty_65", SHIPPED, tmp_path) == own
    assert find_cases("bowel_screening", SHIPPED, tmp_path) is None
