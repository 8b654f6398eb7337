"""Priority areas: who is placed where, what chance explains, and who cannot be placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.priority_areas import (
    PriorityAreas,
    Standing,
    find_priority_areas,
    list_area_types,
    list_rankable,
    say_priority_areas,
)
from evenground.reports.quadrants import draw_priority_areas
from tests.support.release_factory import LSOAS, MISSING_LSOA, SUPPRESSED_LSOA, ZERO_LSOA

SERVICE = "bowel_screening"
SMI = "smi_annual_health_check"
RATE = "copd_emergency_admissions"


def set_levels(
    levels: Sequence[float], *, indicator_id: str = SERVICE, spread: float = 3.0
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The latest figures of the LSOAs, the most deprived first; each of 100 people."""
    by_code = dict(zip(LSOAS, levels, strict=True))

    def change(values: pl.DataFrame) -> pl.DataFrame:
        chosen = (
            (pl.col("indicator_id") == indicator_id)
            & (pl.col("area_type") == "lsoa")
            & (pl.col("cut") == "all")
        ) & pl.col("area_code").is_in(list(by_code))
        level = pl.col("area_code").replace_strict(by_code, default=None, return_dtype=pl.Float64)

        def put(name: str, to: pl.Expr) -> pl.Expr:
            return pl.when(chosen).then(to).otherwise(name).alias(name)

        return values.with_columns(
            put("value", level),
            put("lower_cl", level - spread),
            put("upper_cl", level + spread),
            put("denominator", pl.lit(100, pl.Int64)),
            put("value_note", pl.lit("published")),
        )

    return change


def standings(found: PriorityAreas) -> dict[str, Standing]:
    return {area.code: area.standing for area in found.areas}


def nth(number: int) -> str:
    """The LSOA that is the n-th most deprived, from 1."""
    return list(LSOAS)[number - 1]


# On a line but for the first (far below), the second (a little below) and the last (far below).
LEVELS = [30.0, 51.0, 54.0, 56.0, 58.0, 60.0, 62.0, 64.0, 66.0, 68.0, 70.0, 52.0]


def test_an_area_is_a_priority_where_it_is_deprived_and_worse_than_predicted(
    changed_release: Callable[..., Release],
) -> None:
    found = find_priority_areas(changed_release(values=set_levels(LEVELS)), SERVICE, "lsoa")
    stands = standings(found)
    assert stands[nth(1)] == Standing.PRIORITY
    assert stands[nth(4)] == Standing.DEPRIVED_NOT_WORSE
    assert stands[nth(12)] == Standing.WORSE_NOT_DEPRIVED
    assert stands[nth(9)] == Standing.NEITHER
    assert found.areas[0].code == nth(1)


def test_where_the_interval_holds_what_is_predicted_it_may_be_chance(
    changed_release: Callable[..., Release],
) -> None:
    wide = find_priority_areas(changed_release(values=set_levels(LEVELS, spread=30)), SERVICE, "lsoa")
    assert standings(wide)[nth(1)] == Standing.PERHAPS
    assert "but for each of them that may be chance" in say_priority_areas(wide)


def test_worse_means_higher_where_less_is_better(changed_release: Callable[..., Release]) -> None:
    rates = [100.0 + 900 * (number == 1) for number in range(1, 13)]
    release = changed_release(values=set_levels(rates, indicator_id=RATE))
    assert standings(find_priority_areas(release, RATE, "lsoa"))[nth(1)] == Standing.PRIORITY


def test_the_line_is_weighted_least_squares(changed_release: Callable[..., Release]) -> None:
    found = find_priority_areas(changed_release(values=set_levels(LEVELS)), SERVICE, "lsoa")
    x = [area.deprivation for area in found.areas]
    slope, intercept = np.polyfit(x, [area.cell.value for area in found.areas], 1)
    assert found.intercept == pytest.approx(intercept)
    assert found.slope == pytest.approx(100 * slope)


def test_deprivation_is_the_share_of_englands_areas_that_are_less_deprived(release: Release) -> None:
    found = find_priority_areas(release, SERVICE, "lsoa")
    by_code = {area.code: area.deprivation for area in found.areas}
    assert by_code[nth(1)] == pytest.approx(100 * (1 - 299.5 / 33_755))
    assert found.median == pytest.approx(np.median(list(by_code.values())))


def test_a_larger_area_is_as_deprived_as_its_small_areas_are_by_their_people(release: Release) -> None:
    found = find_priority_areas(release, SERVICE, "msoa") if "msoa" in list_area_types(release) else None
    assert found is not None
    table = release.table("areas").filter(pl.col("parent_area_code") == "X02000001")
    share = 100 * (1 - (table["imd_rank"] - 0.5) / 33_755)
    expected = (share * table["population"]).sum() / table["population"].sum()
    areas = {area.code: area.deprivation for area in found.areas}
    assert areas["X02000001"] == pytest.approx(expected)


def test_suppressed_and_missing_areas_are_listed_and_not_placed(release: Release) -> None:
    found = find_priority_areas(release, SMI, "lsoa")
    stands = standings(found)
    assert stands[SUPPRESSED_LSOA] == stands[MISSING_LSOA] == Standing.NOT_PLACED
    assert stands[ZERO_LSOA] != Standing.NOT_PLACED
    told = say_priority_areas(found)
    assert "suppressed, too few people to publish" in told
    assert "no figure, or deprivation not known" in told
    figure = draw_priority_areas(release, found)
    assert figure is not None
    rows = {row[0]: row for row in figure.rows}
    assert len(rows) == len(LSOAS)
    assert rows["Samplebury 003D"][1:3] == ("Not placed", "suppressed")


def test_too_few_areas_have_no_line(release: Release) -> None:
    found = find_priority_areas(release, SERVICE, "msoa")
    assert found.median is None
    assert draw_priority_areas(release, found) is None
    assert say_priority_areas(found).startswith("Too few areas have published figures")
    assert {area.standing for area in found.areas} == {Standing.NOT_PLACED}


def test_an_area_of_unknown_deprivation_is_not_placed(changed_release: Callable[..., Release]) -> None:
    def forget(areas: pl.DataFrame) -> pl.DataFrame:
        rank = pl.when(pl.col("area_code") == nth(1)).then(None).otherwise("imd_rank")
        return areas.with_columns(rank.alias("imd_rank"))

    found = find_priority_areas(changed_release(areas=forget), SERVICE, "lsoa")
    assert standings(found)[nth(1)] == Standing.NOT_PLACED


def test_without_deprivation_no_kind_of_area_can_be_placed(changed_release: Callable[..., Release]) -> None:
    release = changed_release(
        areas=lambda areas: areas.with_columns(pl.lit(None, pl.Int32).alias("imd_rank"))
    )
    assert list_area_types(release) == []
    with pytest.raises(InputError, match="cannot be placed"):
        find_priority_areas(release, SERVICE, "lsoa")


def test_an_indicator_without_better_or_worse_places_nothing(release: Release) -> None:
    assert "hypertension_prevalence" not in {info.id for info in list_rankable(release, "lsoa")}
    with pytest.raises(InputError, match="cannot be placed by"):
        find_priority_areas(release, "hypertension_prevalence", "lsoa")


def test_how_many_chance_alone_would_give_is_told(changed_release: Callable[..., Release]) -> None:
    release = changed_release(values=set_levels(LEVELS))
    found = find_priority_areas(release, SERVICE, "lsoa")
    many = PriorityAreas(
        found.info, found.area_type, found.areas * 10, found.median, found.intercept, found.slope
    )
    assert "Chance alone would make about" in say_priority_areas(many)
    assert "Chance alone" not in say_priority_areas(found)


def test_priority_areas_have_a_shape_of_their_own_a_number_and_a_name(
    changed_release: Callable[..., Release], look: Callable[[str], Any]
) -> None:
    release = changed_release(values=set_levels(LEVELS))
    figure = draw_priority_areas(release, find_priority_areas(release, SERVICE, "lsoa"))
    assert figure is not None
    drawn = look(figure.svg)
    marks = drawn.layer("areas")
    assert len(marks) == len(LSOAS)
    assert {mark.tag.rpartition("}")[2] for mark in marks} == {"circle", "path"}
    assert drawn.texts("numbers") == ["1"]
    assert "1: Samplebury 001A" in drawn.texts("legend")
    assert "Samplebury 001A: 30.0% (27.0% to 33.0%)" in drawn.tooltips("areas")


def test_every_point_lies_within_the_picture(release: Release, look: Callable[[str], Any]) -> None:
    for indicator_id in (SERVICE, SMI):
        figure = draw_priority_areas(release, find_priority_areas(release, indicator_id, "lsoa"))
        assert figure is not None
        drawn = look(figure.svg)
        _, _, width, height = (float(part) for part in drawn.root.get("viewBox").split())
        for mark in drawn.layer("areas"):
            if mark.get("cx"):
                assert 0 < float(mark.get("cx")) < width
                assert 0 < float(mark.get("cy")) < height


def test_the_same_release_gives_the_same_bytes(release: Release) -> None:
    figures = [draw_priority_areas(release, find_priority_areas(release, SERVICE, "lsoa")) for _ in range(2)]
    assert figures[0] == figures[1]
