"""Wenbury, and a small generated Place that many tests look at."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import duckdb
import polars as pl
import pytest

from evenground.sources.synthetic.generate import GeneratedPlace, generate_place
from evenground.sources.synthetic.margins import Margins
from evenground.sources.synthetic.wenbury import load_wenbury

AS_AT = dt.date(2026, 3, 31)
SIZE = 9_000


@pytest.fixture(scope="session")
def wenbury() -> Margins:
    return load_wenbury()


@pytest.fixture(scope="session")
def small_place(wenbury: Margins, tmp_path_factory: pytest.TempPathFactory) -> GeneratedPlace:
    return generate_place(wenbury, tmp_path_factory.mktemp("small"), size=SIZE, seed=7, as_at=AS_AT)


@pytest.fixture(scope="session")
def truth(small_place: GeneratedPlace) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(small_place.truth.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def truth_table(small_place: GeneratedPlace) -> pl.DataFrame:
    return pl.read_csv(
        small_place.truth.with_suffix(".csv"), schema_overrides={"ethnic_group": pl.String}
    ).with_columns(pl.col("ethnic_group").fill_null(""))


@pytest.fixture(scope="session")
def records(small_place: GeneratedPlace) -> duckdb.DuckDBPyConnection:
    """The extracts as tables ``persons`` and ``events``."""
    connection = duckdb.connect()
    connection.read_parquet(str(small_place.persons)).create("persons")
    files = [str(path) for path in small_place.events.values()]
    connection.read_parquet(files).create("events")
    return connection
