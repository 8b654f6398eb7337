"""What a candidate would change."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.gate import compare_releases
from evenground.releases import load_release
from tests.support.release_factory import PERIOD, make_sample_content, write_sample_release


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return write_sample_release(tmp_path_factory.mktemp("before"))


def changed(tmp_path, change, **facts):
    tables = dict(make_sample_content().tables)
    tables["values"] = change(tables["values"])
    return load_release(write_sample_release(tmp_path, tables=tables, **facts).path)


def total(differences):
    return {change: differences.total(change) for change in ("rose", "fell", "appeared", "vanished")}


def test_a_release_does_not_differ_from_itself(before):
    found = compare_releases(before, before)
    assert total(found) == {"rose": 0, "fell": 0, "appeared": 0, "vanished": 0}
    assert found.total("same") > 100
    assert found.facts == ()


def test_without_an_earlier_release_everything_appears(before):
    found = compare_releases(None, before)
    assert found.total("appeared") == compare_releases(before, before).total("same")
    assert found.indicators["before"].null_count() == found.indicators.height


def test_figures_that_rose_and_fell_are_counted_by_indicator_and_area(before, tmp_path):
    of_place = (pl.col("area_type") == "place") & (pl.col("cut") == "all")
    step = pl.when(pl.col("indicator_id") == "bowel_screening").then(1.5).otherwise(-0.5)
    after = changed(
        tmp_path,
        lambda values: values.with_columns(
            pl.when(of_place).then(pl.col("value") + step).otherwise("value").alias("value")
        ),
    )
    found = compare_releases(before, after)
    rows = {row["indicator_id"]: row for row in found.indicators.iter_rows(named=True)}
    assert (rows["bowel_screening"]["rose"], rows["bowel_screening"]["fell"]) == (1, 0)
    assert rows["bowel_screening"]["after"] == pytest.approx(rows["bowel_screening"]["before"] + 1.5)
    assert found.total("fell") == found.indicators.height - 1
    (place,) = found.areas.filter(pl.col("area_type") == "place").iter_rows(named=True)
    assert (place["rose"], place["fell"]) == (1, found.indicators.height - 1)
    assert found.areas.filter(pl.col("area_type") != "place")["rose"].sum() == 0


def test_a_figure_that_is_suppressed_now_vanished_and_the_other_way_round_appeared(before, tmp_path):
    msoa = (pl.col("area_type") == "msoa") & (pl.col("cut") == "all")
    after = changed(
        tmp_path,
        lambda values: values.with_columns(pl.when(~msoa).then("value").alias("value")),
    )
    found = compare_releases(before, after)
    gone = total(found)
    assert gone["vanished"] > 0
    assert (gone["rose"], gone["fell"], gone["appeared"]) == (0, 0, 0)
    assert set(found.areas.filter(pl.col("vanished") > 0)["area_type"]) == {"msoa"}
    assert total(compare_releases(after, before))["appeared"] == gone["vanished"]


def test_an_indicator_that_is_no_longer_there_vanished_under_its_name(before, tmp_path):
    after = changed(tmp_path, lambda values: values.filter(pl.col("indicator_id") != "bowel_screening"))
    (row,) = (
        compare_releases(before, after)
        .indicators.filter(pl.col("indicator_id") == "bowel_screening")
        .rows(named=True)
    )
    assert row["vanished"] > 0
    assert row["after"] is None
    assert row["name"]


def test_figures_of_the_latest_date_are_compared_whatever_their_dates(before, tmp_path):
    later = changed(
        tmp_path,
        lambda values: values.with_columns(pl.col("period").replace(PERIOD, "2025-07-01 to 2026-06-30")),
        as_at="2026-06-30",
    )
    found = compare_releases(before, later)
    assert found.total("same") == compare_releases(before, before).total("same")
    assert ("figures as at", "2026-03-31", "2026-06-30") in found.facts
