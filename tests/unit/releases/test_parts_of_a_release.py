"""What is asked of a release is read, and no more."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from evenground.releases import TABLES, Release, load_release
from tests.support.release_factory import SPECS, write_sample_release


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return load_release(write_sample_release(tmp_path / "with [odd] name").path)


@pytest.mark.parametrize("name", TABLES)
def test_a_part_has_the_columns_and_rows_of_the_whole_table(release: Release, name: str) -> None:
    part = release.scan(name).collect()
    assert_frame_equal(part, release.table(name))
    assert_frame_equal(release.scan(name).collect(), part)


def test_the_figures_of_an_indicator_are_those_of_every_period_in_their_order(release: Release) -> None:
    found = release.figures_of("bowel_screening")
    whole = pl.read_parquet(release.path / "values.parquet", glob=False)
    assert_frame_equal(found, whole.filter(pl.col("indicator_id") == "bowel_screening"))
    assert found["period"].n_unique() == 6


def test_only_the_last_few_indicators_are_kept(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenground.releases._MOST_KEPT", 2)
    ids = [spec.info.id for spec in SPECS]
    frames = {name: release.figures_of(name) for name in ids}
    assert list(release._figures) == ids[-2:]
    assert_frame_equal(release.figures_of(ids[0]), frames[ids[0]])


def test_the_latest_figures_are_read_without_the_whole_table(release: Release) -> None:
    latest = release.latest_values
    assert "values" not in release._tables
    assert latest["period"].unique().to_list() == [release.table("values")["period"].max()]


def test_a_release_that_is_older_than_a_table_or_a_column_gives_nulls(tmp_path: Path) -> None:
    release = write_sample_release(tmp_path)
    pl.read_parquet(release.path / "values.parquet").drop("limits").write_parquet(
        release.path / "values.parquet"
    )
    (release.path / "clusters.parquet").unlink()
    files = tuple(one for one in release.manifest.files if one.name != "clusters.parquet")
    older = Release(release.path, release.manifest.model_copy(update={"files": files}))
    assert older.scan("values").select("limits").collect()["limits"].null_count() > 0
    assert older.scan("clusters").collect().is_empty()
    assert older.figures_of("bowel_screening")["limits"].is_null().all()
