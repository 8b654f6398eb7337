"""Spark's own side of counting: sessions, addresses, faults, and what is left behind."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from evenground.engine import count, duckdb_backend, spark_backend, spark_sessions
from evenground.engine.plan import compile_plan
from evenground.engine.request import Request
from evenground.engine.spark_sessions import name_of
from evenground.errors import SourceError, WorkspaceError
from evenground.indicators import Definitions
from tests.spec.specification import (
    AS_AT,
    LSOAS,
    Table,
    definitions,
    event,
    indicator,
    person,
    write_contract,
)
from tests.support.spark import CONNECT_PORT, HAS_CONNECT, QUICK_JAVA, require_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FEW: Definitions = definitions(
    indicator("checked", {"feature": "check", "within_months": 12}),
    indicator("controlled", {"latest": "pressure", "at_most": 140}, {"feature": "illness"}),
    indicator("admissions", {"count": "admission", "within_months": 36}),
)
PEOPLE = [
    person(
        number,
        birth_date=dt.date(1930 + number, 5, 1),
        sex=["female", "male"][number % 2],
        lsoa_code=[*LSOAS, "unknown"][number % 3],
        practice_code=["P1", "P2", None][number % 3],
    )
    for number in range(60)
]
RECORDS = [
    event(code, f"2026-0{1 + number % 3}-11", 100.0 + number, person_id=number)
    for number in range(60)
    for code in ("CHECK-1", "ILL", "BP", "ADM")[number % 4 :]
]
PLANTED = "4857773456"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_contract(tmp_path, Table(FEW, PEOPLE, RECORDS))


def counted(files: tuple[Path, Path], engine: str = "spark", **options: Any) -> pl.DataFrame:
    lsoas = pl.DataFrame({"lsoa_code": LSOAS})
    persons, events = files
    return count(
        FEW, persons=persons, events=events, lsoas=lsoas, as_at=AS_AT, engine=engine, **options
    ).frame


def spark_fault(files: tuple[Path, Path], **options: Any) -> str:
    with pytest.raises(WorkspaceError) as caught:
        counted(files, **options)
    return str(caught.value)


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("base", ["registered", "resident"])
def test_answers_have_the_counts_and_types_that_duckdb_gives(files: tuple[Path, Path], base: str) -> None:
    plans = [compile_plan(FEW, as_at=day, base=base) for day in (dt.date(2025, 3, 31), AS_AT)]
    request = Request(*files, tuple(LSOAS))
    expected = duckdb_backend.answers(plans, request, lambda _: None)
    found = spark_backend.answers(plans, request, lambda _: None)
    answered = list(zip(expected, found, strict=True))
    assert len(answered) == len(plans)
    for part, (one, other) in itertools.product(("cells", "practices"), answered):
        theirs, ours = getattr(one, part), getattr(other, part)
        keys = [name for name in theirs.columns if theirs[name].dtype == pl.String] + ["age_band"]
        assert ours.schema == theirs.schema
        assert ours.sort(keys).equals(theirs.sort(keys))
        assert ours["population"].sum() > 0


@pytest.mark.usefixtures("spark")
def test_folder_with_braces_and_spaces_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "our {north,east} 100% #1"
    folder.mkdir()
    files = write_contract(folder, Table(FEW, PEOPLE, RECORDS))
    assert counted(files).equals(counted(files, "duckdb"))


@pytest.mark.usefixtures("spark")
def test_columns_of_other_widths_and_of_nothing_are_read_as_the_contract_has_them(tmp_path: Path) -> None:
    persons, events = write_contract(tmp_path, Table(FEW, PEOPLE, RECORDS))
    expected = counted((persons, events), "duckdb")
    nothing = pl.lit(None).cast(pl.Null)
    people = pl.read_parquet(persons).with_columns(
        pl.col("person_id").cast(pl.UInt32),
        pl.col("sex").cast(pl.Categorical),
        death_date=nothing,
        left_date=nothing,
    )
    people.write_parquet(persons)
    records = pl.read_parquet(events).with_columns(
        pl.col("person_id").cast(pl.UInt64), pl.col("value").cast(pl.Int16)
    )
    records.write_parquet(events)
    assert counted((persons, events)).equals(expected)


def test_session_that_is_open_is_used_and_left_as_it_was(
    spark: SparkSession, files: tuple[Path, Path]
) -> None:
    before = sorted(files[0].parent.iterdir())
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    counted(files)
    assert spark.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert spark.catalog.listTables() == []
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty()  # type: ignore[union-attr]
    assert sorted(files[0].parent.iterdir()) == before


@pytest.mark.usefixtures("spark")
def test_folder_may_have_another_name_on_the_cluster(files: tuple[Path, Path], tmp_path: Path) -> None:
    seen = tmp_path / "as the cluster sees it"
    shutil.copytree(files[0].parent, seen, ignore=shutil.ignore_patterns("as the*"))
    expected = counted(files, "duckdb")
    # Here only the descriptions of the columns are read.
    pl.read_parquet(files[0]).clear().write_parquet(files[0])
    assert counted(files, folder_url=f"file://{seen}").equals(expected)


@pytest.mark.usefixtures("spark")
def test_folder_that_the_cluster_does_not_see_is_told(files: tuple[Path, Path]) -> None:
    told = spark_fault(files, folder_url="file:///not/here")
    assert "does not find the folder file:///not/here" in told
    assert "engine.secure_url" in told


@pytest.mark.usefixtures("spark")
def test_damaged_file_is_told_without_quoting_it(
    files: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(files[1].read_bytes())
    content[4:400] = (PLANTED.encode() * 40)[:396]
    files[1].write_bytes(content)
    with pytest.raises(SourceError, match="Spark stopped") as caught:
        counted(files)
    output = capfd.readouterr()
    assert PLANTED not in f"{caught.value}{output.out}{output.err}"
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("spark")
def test_value_that_spark_quotes_in_its_exception_reaches_neither_message_nor_log(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    table = pl.read_parquet(files[0]).with_columns(birth_date=pl.lit(PLANTED))
    table.write_parquet(files[0])
    # The check of the columns comes first and would refuse it: what is tested here is what stands behind it.
    monkeypatch.setattr("evenground.engine.cells._check_file", lambda *_: [])
    with pytest.raises(SourceError, match="CAST_INVALID_INPUT") as caught:
        counted(files)
    output = capfd.readouterr()
    assert PLANTED not in f"{caught.value}{output.out}{output.err}"
    assert logging.getLogger("SQLQueryContextLogger").level <= logging.ERROR


def test_progress_is_told(spark: SparkSession, files: tuple[Path, Path]) -> None:
    told: list[str] = []
    counted(files, progress=told.append)
    assert told == ["Starting Spark", "Counting as at 2026-03-31, pass 1 of 1"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sc://host:443/;token=secret;use_ssl=true", "sc://host:443"),
        ("sc://me:secret@host:443", "sc://host:443"),
        ("spark://one:7077,two:7077", "spark://one:7077,two:7077"),
        (None, "local[*]"),
    ],
)
def test_url_is_shown_without_what_opens_it(url: str | None, shown: str) -> None:
    assert name_of(url) == shown


def test_spark_that_is_not_installed_is_told(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(WorkspaceError, match="Spark for Python is not installed") as caught:
        counted(files)
    assert "pip install 'evenground[spark]'" in str(caught.value)
    assert caught.value.exit_code == 3


def test_client_of_connect_that_is_not_installed_is_told(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    assert "pip install 'evenground[spark]'" in spark_fault(files, engine_url="sc://127.0.0.1:1")


def test_java_that_is_not_installed_is_told(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "there is no Java here" in spark_fault(files, engine_url="local[1]")


def test_cluster_that_does_not_answer_is_told(files: tuple[Path, Path]) -> None:
    require_java()
    told = spark_fault(files, engine_url="spark://127.0.0.1:1")
    assert "nothing answers at spark://127.0.0.1:1" in told


def test_second_session_of_a_process_is_told(spark: SparkSession, files: tuple[Path, Path]) -> None:
    assert "a Spark session is open in this process" in spark_fault(files, engine_url="local[1]")


@pytest.mark.parametrize("limit", ["1MB", "many", "-4GB"])
def test_memory_limit_that_spark_cannot_work_with_is_told(limit: str) -> None:
    with pytest.raises(WorkspaceError, match=f'the memory limit "{limit}"'):
        spark_sessions.options_here(limit)


def test_memory_limit_is_given_to_java() -> None:
    assert spark_sessions.options_here("2.5GB")["spark.driver.memory"] == "2500m"


def test_nothing_listens_to_other_machines() -> None:
    options = spark_sessions.options_here(None)
    assert options["spark.driver.bindAddress"] == options["spark.driver.host"] == "127.0.0.1"


connect = pytest.mark.skipif(
    not HAS_CONNECT, reason="the client of Spark Connect (pyspark[connect]) is not here"
)


@connect
@pytest.mark.usefixtures("spark")
def test_connect_gives_what_duckdb_gives(files: tuple[Path, Path]) -> None:
    url = f"sc://127.0.0.1:{CONNECT_PORT}"
    assert counted(files, engine_url=url).equals(counted(files, "duckdb"))


@connect
@pytest.mark.usefixtures("spark")
def test_connect_server_that_does_not_see_the_folder_is_told(files: tuple[Path, Path]) -> None:
    url = f"sc://127.0.0.1:{CONNECT_PORT}"
    told = spark_fault(files, engine_url=url, folder_url="file:///not/here")
    assert f"Spark at {url} does not find the folder file:///not/here" in told


@connect
def test_connect_server_that_does_not_answer_is_told(files: tuple[Path, Path]) -> None:
    told = spark_fault(files, engine_url="sc://127.0.0.1:1/;token=secret")
    assert "nothing answers at sc://127.0.0.1:1" in told
    assert "secret" not in told


@connect
def test_url_that_connect_cannot_read_is_told(files: tuple[Path, Path]) -> None:
    told = spark_fault(files, engine_url="sc://127.0.0.1:1/;token=secret;what")
    assert "sc://127.0.0.1:1 is not a URL of Spark Connect" in told
    assert "secret" not in told


OWN_PROCESS = """
import json, sys
from pathlib import Path
from tests.unit.engine import test_spark_backend as here
persons, events = map(Path, sys.argv[1:])
seen = []
def look(step):
    seen.append(sorted(path.name for path in persons.parent.iterdir()))
frame = here.counted((persons, events), progress=look, memory_limit="1GB")
children = Path(f"/proc/self/task/{__import__('os').getpid()}/children")
print(json.dumps({"people": frame["population"].sum(), "seen": seen, "children": children.read_text()}))
"""


def test_spark_that_is_started_here_is_quiet_and_leaves_nothing(files: tuple[Path, Path]) -> None:
    require_java()
    folder = files[0].parent
    before = sorted(path.name for path in folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", OWN_PROCESS, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAVA_TOOL_OPTIONS": QUICK_JAVA},
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["people"] == counted(files, "duckdb")["population"].sum()
    assert next(name for name in found["seen"][-1] if name not in before).startswith(".spark-")
    assert sorted(path.name for path in folder.iterdir()) == before
    assert found["children"] == ""
