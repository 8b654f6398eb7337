"""Counting on real files: what is refused, what is left behind, and that threads make no difference."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlglot

from evenground.engine import count, explain_sql
from evenground.engine.plan import INDICATORS_A_PASS
from evenground.errors import DefinitionError, SourceError, WorkspaceError
from evenground.indicators import Definitions, load_definitions
from evenground.vocabulary import AGE_BANDS, ValueType

AS_AT = dt.date(2026, 3, 31)
PERSONS = """
    SELECT range AS person_id, DATE '1930-01-01' + CAST(range * 37 % 33000 AS INTEGER) AS birth_date,
           ['female', 'male', 'not_known'][1 + range % 3] AS sex,
           ['A', 'J', 'N', 'missing'][1 + range % 4] AS ethnic_group,
           ['E1', 'E2', 'unknown'][1 + range % 3] AS lsoa_code, 'P' || range % 5 AS practice_code,
           CAST(NULL AS DATE) AS death_date, CAST(NULL AS DATE) AS left_date
    FROM range(3000)
"""
EVENTS = """
    SELECT range * 7 % 3000 AS person_id, 'snomed_ct' AS code_system,
           ['38341003', '271649006', '271650006', '171149006', '375211000000108', '77176002', '8517006']
               [1 + range % 7] AS code,
           DATE '2023-01-01' + CAST(range * 11 % 1300 AS INTEGER) AS event_date,
           80.0 + range % 97 AS value
    FROM range(20000)
"""
LSOAS = pl.DataFrame({"lsoa_code": ["E1", "E2"]})


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    return load_definitions()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("contract")
    for name, query in (("persons", PERSONS), ("events", EVENTS)):
        duckdb.sql(f"COPY ({query}) TO '{folder / name}.parquet'")
    return folder / "persons.parquet", folder / "events.parquet"


def test_cells_are_sorted_complete_and_whole(shipped: Definitions, files: tuple[Path, Path]) -> None:
    cells = count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    keys = ["lsoa_code", "age_band", "sex", "ethnic_group"]
    assert cells.frame.columns == [*keys, *cells.measures]
    assert cells.indicator_ids == tuple(shipped.indicators)
    assert cells.frame["population"].sum() == 3000
    assert cells.practices["population"].sum() == 3000
    assert {cells.frame.schema[name] for name in cells.measures} == {pl.Int32()}
    assert set(cells.frame["age_band"]) <= set(AGE_BANDS)
    assert cells.frame["bowel_screening__numerator"].sum() > 0
    assert cells.frame["lsoa_code"].to_list() == sorted(cells.frame["lsoa_code"])
    bands = [AGE_BANDS.index(band) for band in cells.practices.filter(practice_code="P1")["age_band"]]
    assert bands == sorted(bands)


def test_no_numerator_of_a_proportion_is_above_its_denominator(
    shipped: Definitions, files: tuple[Path, Path]
) -> None:
    cells = count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    for name in cells.indicator_ids:
        if shipped.indicators[name].value_type is ValueType.PROPORTION:
            above = cells.frame[f"{name}__numerator"] > cells.frame[f"{name}__denominator"]
            assert not above.any(), name


def test_practices_and_areas_count_the_same_people(shipped: Definitions, files: tuple[Path, Path]) -> None:
    cells = count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    measures = list(cells.measures)
    assert cells.frame.select(measures).sum().equals(cells.practices.select(measures).sum())


def test_order_of_rows_and_row_groups_make_no_difference(
    shipped: Definitions, files: tuple[Path, Path], tmp_path: Path
) -> None:
    shuffled = {}
    for name, path in zip(("persons", "events"), files, strict=True):
        shuffled[name] = tmp_path / f"{name}.parquet"
        frame = pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=3)
        frame.write_parquet(shuffled[name], row_group_size=500)
    before = count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    after = count(shipped, **shuffled, lsoas=LSOAS, as_at=AS_AT, memory_limit="500MB")
    assert before.frame.equals(after.frame)
    assert before.practices.equals(after.practices)


def test_nothing_is_left_beside_the_files(shipped: Definitions, files: tuple[Path, Path]) -> None:
    before = sorted(files[0].parent.iterdir())
    count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    assert sorted(files[0].parent.iterdir()) == before


def test_progress_is_told(shipped: Definitions, files: tuple[Path, Path]) -> None:
    told: list[str] = []
    few = shipped.keep(list(shipped.indicators)[: INDICATORS_A_PASS + 1])
    count(few, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT, progress=told.append)
    assert told == [
        "Finding the events that count",
        "Finding who is in which group",
        "Counting as at 2026-03-31, pass 1 of 2",
        "Counting as at 2026-03-31, pass 2 of 2",
    ]


def test_file_that_is_missing_and_file_that_lacks_columns_are_told_together(
    shipped: Definitions, files: tuple[Path, Path], tmp_path: Path
) -> None:
    bare = tmp_path / "events.parquet"
    pl.DataFrame({"person_id": [1], "code": ["x"]}).write_parquet(bare)
    with pytest.raises(SourceError) as caught:
        count(shipped, persons=tmp_path / "persons.parquet", events=bare, lsoas=LSOAS, as_at=AS_AT)
    assert "persons.parquet: is not there" in str(caught.value)
    assert "events.parquet: lacks the columns code_system, event_date, value" in str(caught.value)


def test_column_of_another_type_is_told(
    shipped: Definitions, files: tuple[Path, Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "persons.parquet"
    frame = pl.read_parquet(files[0]).with_columns(pl.col("birth_date", "person_id").cast(pl.String))
    frame.write_parquet(wrong)
    with pytest.raises(SourceError) as caught:
        count(shipped, persons=wrong, events=files[1], lsoas=LSOAS, as_at=AS_AT)
    assert "persons.parquet, birth_date: holds String where the contract has DATE" in str(caught.value)
    assert "persons.parquet, person_id: holds String where the contract has BIGINT" in str(caught.value)


def test_damaged_file_is_told_without_quoting_it(
    shipped: Definitions, files: tuple[Path, Path], tmp_path: Path
) -> None:
    damaged = tmp_path / "events.parquet"
    content = bytearray(files[1].read_bytes())
    content[100:2000] = b"x" * 1900
    damaged.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        count(shipped, persons=files[0], events=damaged, lsoas=LSOAS, as_at=AS_AT)
    assert caught.value.__suppress_context__
    assert "xxx" not in str(caught.value)


def test_too_little_memory_is_told(shipped: Definitions, files: tuple[Path, Path]) -> None:
    with pytest.raises(SourceError, match="more memory than the limit of 1MB"):
        count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT, memory_limit="1MB")


_NO_FILE_MAY_GROW = """
import datetime, pathlib, resource, sys
import polars as pl
from evenground.engine import count
from evenground.errors import DiskFullError
from evenground.indicators import load_definitions
folder, limit = pathlib.Path(sys.argv[1]), sys.argv[2]
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    count(
        load_definitions(), persons=folder / "persons.parquet", events=folder / "events.parquet",
        lsoas=pl.DataFrame({"lsoa_code": ["E1", "E2"]}), as_at=datetime.date(2026, 3, 31), memory_limit=limit,
    )
    print("counted", end="")
except DiskFullError:
    print("no disk", end="")
"""


def test_no_disk_for_what_memory_does_not_hold_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    for name, query in (("persons", PERSONS), ("events", EVENTS)):
        larger = query.replace("range(3000)", "range(200000)").replace("range(20000)", "range(2000000)")
        duckdb.sql(f"COPY ({larger.replace('% 3000', '% 200000')}) TO '{tmp_path / name}.parquet'")
    told = {
        limit: subprocess.run(
            # Without bytecode: no module may be left compiled by half.
            [sys.executable, "-B", "-c", _NO_FILE_MAY_GROW, tmp_path, limit],
            capture_output=True,
            text=True,
        ).stdout
        for limit in ("4GB", "100MB")
    }
    assert told == {"4GB": "counted", "100MB": "no disk"}
    assert {path.name for path in tmp_path.iterdir()} == {"persons.parquet", "events.parquet"}


def test_file_of_another_kind_is_told(shipped: Definitions, files: tuple[Path, Path], tmp_path: Path) -> None:
    text = tmp_path / "persons.parquet"
    text.write_text("person_id,birth_date\n")
    with pytest.raises(SourceError, match="is not a Parquet file"):
        count(shipped, persons=text, events=files[1], lsoas=LSOAS, as_at=AS_AT)


@pytest.mark.parametrize(
    ("key", "value", "hint"), [("base", "registerd", "registered"), ("engine", "duckbd", "duckdb")]
)
def test_unknown_base_or_engine_gets_the_nearest_name(
    shipped: Definitions, files: tuple[Path, Path], key: str, value: str, hint: str
) -> None:
    with pytest.raises(WorkspaceError, match=f'Did you mean "{hint}"'):
        count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT, **{key: value})


def test_shared_part_imports_no_database() -> None:
    code = "import sys, evenground.engine; sys.exit('duckdb' in sys.modules or 'pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_sql_of_every_indicator_can_be_read_back(shipped: Definitions, dialect: str) -> None:
    for name in shipped.indicators:
        text = explain_sql(shipped, name, as_at=AS_AT, dialect=dialect)
        assert "counted_in" in text
        assert len(sqlglot.parse(text, read=dialect)) >= 2


def test_sql_holds_dates_and_not_months(shipped: Definitions) -> None:
    text = explain_sql(shipped, "bowel_screening", as_at=AS_AT)
    assert "'2023-09-30'" in text
    assert "INTERVAL" not in text.upper()


def test_sql_of_an_unknown_indicator_gets_the_nearest_name(shipped: Definitions) -> None:
    with pytest.raises(DefinitionError, match='Did you mean "bowel_screening"'):
        explain_sql(shipped, "bowel_screning", as_at=AS_AT)


def test_numbers_narrower_than_the_contract_count_the_same(
    shipped: Definitions, files: tuple[Path, Path], tmp_path: Path
) -> None:
    narrow = {"person_id": pl.UInt64, "value": pl.Int16}
    for file in files:
        frame = pl.read_parquet(file)
        own = {name: kind for name, kind in narrow.items() if name in frame.columns}
        frame.cast(own).write_parquet(tmp_path / file.name)
    wide, counted = (
        count(
            shipped, persons=folder / files[0].name, events=folder / files[1].name, lsoas=LSOAS, as_at=AS_AT
        )
        for folder in (files[0].parent, tmp_path)
    )
    assert counted.frame.equals(wide.frame)


def test_practices_groups_and_cells_hold_the_same_people(
    shipped: Definitions, files: tuple[Path, Path]
) -> None:
    cells = count(shipped, persons=files[0], events=files[1], lsoas=LSOAS, as_at=AS_AT)
    segments = cells.groups.filter(pl.col("cut") == "segment")
    assert segments["population"].sum() == cells.frame["population"].sum()
    for measure in cells.measures:
        assert segments[measure].sum() == cells.frame[measure].sum()
