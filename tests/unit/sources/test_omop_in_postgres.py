"""An OMOP common data model in PostgreSQL is read as its tables in files are; its address is never shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from evenground.errors import SourceError
from tests.support.postgres import PASSWORD, Postgres, run_postgres
from tests.support.sources import Sources
from tests.unit.sources.test_omop import TABLES

VARIABLE = "OMOP_DATABASE"
OPTIONS = {"lsoa_code": "county", "practice_code": "care_site_source_value"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with run_postgres() as server:
        server.write_tables("cdm", TABLES)
        server.write_tables("empty", {"persons": "person_id\n1\n"})
        server.run("CREATE SCHEMA shut", "CREATE TABLE shut.person (person_id bigint)")
        yield server


@pytest.fixture
def address(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, postgres.address)
    return postgres.address


@pytest.fixture
def in_postgres(sources: Sources, address: str) -> Sources:
    sources.add("Trust", "omop", connection=VARIABLE, database_schema="cdm", **OPTIONS)
    return sources


def test_a_schema_gives_what_its_tables_in_files_give(in_postgres: Sources) -> None:
    from_database = in_postgres.load()[0]
    persons, events = in_postgres.load_persons(), in_postgres.load_events()
    in_postgres.sections.clear()
    for table, text in TABLES.items():
        in_postgres.write(f"cdm/{table}.csv", text)
    in_postgres.add("Trust", "omop", path="cdm", **OPTIONS)
    from_files = in_postgres.load()[0]
    assert persons == in_postgres.load_persons()
    assert events == in_postgres.load_events()
    counts = [(t.table, t.read, t.kept, t.dropped, t.changed) for t in from_files.tables]
    assert [(t.table, t.read, t.kept, t.dropped, t.changed) for t in from_database.tables] == counts
    assert persons


def test_the_same_rows_give_the_same_digest_however_they_lie(
    in_postgres: Sources, postgres: Postgres
) -> None:
    before = in_postgres.load()[0].sha256
    assert set(before) == {
        f"{VARIABLE}/cdm.{name}" for name in ("person", "condition_occurrence", "measurement")
    }
    postgres.run("UPDATE cdm.measurement SET measurement_id = measurement_id WHERE measurement_id = 1")
    assert in_postgres.load()[0].sha256 == before
    postgres.run("UPDATE cdm.measurement SET value_as_number = 142 WHERE measurement_id = 1")
    after = in_postgres.load()[0].sha256
    postgres.run("UPDATE cdm.measurement SET value_as_number = 141.5 WHERE measurement_id = 1")
    assert {name for name in before if before[name] != after[name]} == {f"{VARIABLE}/cdm.measurement"}


def test_nothing_of_the_copies_is_left(in_postgres: Sources) -> None:
    in_postgres.load()
    assert in_postgres.check() == []
    left = sorted(path.name for path in (in_postgres.root / "secure").iterdir())
    assert left == ["events.parquet", "persons.parquet"]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (
            "cmd",
            f'The database of {VARIABLE}, schema cmd: is not there, or may not be read. Did you mean "cdm"?',
        ),
        ("empty", f'The database of {VARIABLE}, table empty.person: is not there. Did you mean "persons"?'),
        ("shut", "schema shut: is not there, or may not be read."),
    ],
)
def test_a_schema_that_cannot_be_used_is_told(sources: Sources, address: str, schema: str, told: str) -> None:
    sources.add("Trust", "omop", connection=VARIABLE, database_schema=schema)
    assert told in "\n".join(map(str, sources.check()))


@pytest.mark.parametrize(
    ("old", "new"), [("reader:", "readers:"), ("/postgres", "/secretname"), ("postgresql:", "nonsense:")]
)
def test_no_message_shows_the_address(
    sources: Sources,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    old: str,
    new: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(VARIABLE, address.replace(old, new))
    sources.add("Trust", "omop", connection=VARIABLE, database_schema="cdm")
    with pytest.raises(SourceError, match="cannot be reached, refuses the account") as raised:
        sources.load()
    error = raised.value
    text = f"{error} {error.__cause__!r} {error.__context__!r} {caplog.text} {capfd.readouterr()}"
    shown = (PASSWORD, PASSWORD.replace(" ", "%20"), "127.0.0.1", "reader", "secretname", "nonsense")
    assert [secret for secret in shown if secret in text] == []


def test_a_variable_that_is_not_set_is_told(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    sources.add("Trust", "omop", connection=VARIABLE)
    (fault,) = sources.check()
    assert f"The environment variable {VARIABLE}: is not set" in str(fault)


@pytest.mark.parametrize("places", [{}, {"path": "cdm", "connection": VARIABLE}])
def test_the_tables_stand_in_one_place(sources: Sources, places: dict[str, str]) -> None:
    sources.add("Trust", "omop", **places)
    assert "give either path, a folder or a DuckDB file, or connection" in "\n".join(
        map(str, sources.check())
    )


def test_a_database_cannot_be_written_to(postgres: Postgres) -> None:
    from adbc_driver_postgresql import dbapi

    from evenground.sources.omop.postgres import _reading

    with (
        _reading(dbapi, postgres.address.replace("reader:", "owner:")) as cursor,
        pytest.raises(dbapi.Error, match="read-only transaction"),
    ):
        cursor.execute("DELETE FROM cdm.person")
