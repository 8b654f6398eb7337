"""Adding cells up: every person once in every area type and cut, wherever they live."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.engine import Cells, roll_up, roll_up_by_age
from evenground.geography import Geography
from evenground.vocabulary import WHOLE_BY_RECORDS, Cut

LSOAS = pl.DataFrame(
    {
        "lsoa_code": ["E1", "E2", "E3"],
        "msoa_code": ["M1", "M1", "M2"],
        "ward_code": ["W1", "W2", "W2"],
        "ltla_code": ["D1", "D1", "D2"],
        "icb_code": [None, None, None],
        "imd_quintile": [1, 1, 4],
        "local_quintile": [1, 3, 5],
    },
    schema_overrides={"icb_code": pl.String},
)
PRACTICES = pl.DataFrame({"practice_code": ["P1", "P2"], "pcn_code": ["U1", "U1"]})
PLACE = Geography("PLACE", "Place", "2019", LSOAS, PRACTICES)


def cell(
    lsoa: str, band: str, sex: str, group: str, people: int, eligible: int, reached: int
) -> dict[str, object]:
    return {
        "lsoa_code": lsoa,
        "age_band": band,
        "sex": sex,
        "ethnic_group": group,
        "population": people,
        "x__denominator": eligible,
        "x__numerator": reached,
    }


CELLS = Cells(
    frame=pl.DataFrame(
        [
            cell("E1", "60-64", "female", "A", 10, 8, 4),
            cell("E1", "65-69", "male", "R", 5, 5, 1),
            cell("E2", "60-64", "female", "J", 7, 6, 2),
            cell("E3", "20-24", "male", "A", 20, 0, 0),
            cell("unknown", "60-64", "not_known", "missing", 2, 1, 0),
        ]
    ),
    practices=pl.DataFrame(
        {
            "practice_code": ["P1", "P2", "P9"],
            "age_band": ["60-64", "65-69", "60-64"],
            "population": [19, 20, 5],
            "x__denominator": [14, 0, 6],
            "x__numerator": [6, 0, 1],
        }
    ),
    indicator_ids=("x",),
)


@pytest.fixture(scope="module")
def rolled() -> pl.DataFrame:
    return roll_up(CELLS, PLACE)


def row(rolled: pl.DataFrame, *key: str) -> tuple[int, int, int]:
    names = ("area_type", "area_code", "cut", "category")
    wanted = pl.all_horizontal(pl.col(name) == value for name, value in zip(names, key, strict=True))
    (found,) = rolled.filter(wanted).select("population", "x__denominator", "x__numerator").rows()
    return found


def test_place_holds_everybody_with_unknown_areas(rolled: pl.DataFrame) -> None:
    assert row(rolled, "place", "PLACE", "all", "all") == (44, 20, 7)


@pytest.mark.parametrize("area_type", ["lsoa", "msoa", "ward"])
def test_unknown_area_is_an_area_of_its_own(rolled: pl.DataFrame, area_type: str) -> None:
    assert row(rolled, area_type, "unknown", "all", "all") == (2, 1, 0)


def test_district_leaves_unknown_areas_out(rolled: pl.DataFrame) -> None:
    districts = rolled.filter(pl.col("area_type") == "ltla")
    assert districts.select("area_code", "population").rows() == [("D1", 22), ("D2", 20)]


def test_wards_and_msoas_add_lsoas_up(rolled: pl.DataFrame) -> None:
    assert row(rolled, "ward", "W2", "all", "all") == (27, 6, 2)
    assert row(rolled, "msoa", "M1", "all", "all") == (22, 19, 7)


def test_five_groups_put_chinese_with_asian(rolled: pl.DataFrame) -> None:
    assert row(rolled, "msoa", "M1", "ethnic_group", "R") == (5, 5, 1)
    assert row(rolled, "msoa", "M1", "ethnic_group_5", "asian") == (12, 11, 3)


def test_missing_ethnic_group_stays_missing(rolled: pl.DataFrame) -> None:
    assert row(rolled, "place", "PLACE", "ethnic_group_5", "missing") == (2, 1, 0)


def test_quintiles_keep_people_of_unknown_area_apart(rolled: pl.DataFrame) -> None:
    national = rolled.filter(pl.col("cut") == "imd_quintile")
    assert national.select("category", "population").rows() == [("1", 22), ("4", 20), ("unknown", 2)]
    local = rolled.filter(pl.col("cut") == "local_quintile")
    assert local["category"].to_list() == ["1", "3", "5", "unknown"]


def test_practices_and_networks(rolled: pl.DataFrame) -> None:
    assert row(rolled, "practice", "P1", "all", "all") == (19, 14, 6)
    assert row(rolled, "practice", "unknown", "all", "all") == (5, 6, 1)
    assert row(rolled, "pcn", "U1", "all", "all") == (39, 14, 6)


def test_every_cut_of_the_place_adds_up_to_everybody(rolled: pl.DataFrame) -> None:
    place = rolled.filter(pl.col("area_type") == "place")
    totals = place.group_by("cut").agg(pl.col("population", "x__numerator").sum())
    assert set(totals["cut"]) == {cut for cut in Cut if cut not in (Cut.PLUS_GROUP, *WHOLE_BY_RECORDS)}
    assert set(totals.select("population", "x__numerator").rows()) == {(44, 7)}


def test_only_msoas_and_the_place_are_cut(rolled: pl.DataFrame) -> None:
    cut = rolled.filter(pl.col("cut") != "all")
    assert set(cut["area_type"]) == {"msoa", "place"}


def test_place_without_practices_has_none() -> None:
    bare = Geography("PLACE", "Place", "2019", LSOAS, PRACTICES.clear())
    assert set(roll_up(CELLS, bare)["area_type"]) == {"lsoa", "msoa", "ward", "ltla", "place"}


def test_nobody_rolls_up_to_nothing() -> None:
    empty = Cells(CELLS.frame.clear(), CELLS.practices.clear(), ("x",))
    assert roll_up(empty, PLACE).is_empty()
    assert roll_up_by_age(empty, PLACE, "x").is_empty()


def test_order_of_cells_makes_no_difference(rolled: pl.DataFrame) -> None:
    backwards = Cells(CELLS.frame.reverse(), CELLS.practices.reverse(), ("x",))
    assert roll_up(backwards, PLACE).equals(rolled)


def test_by_age_keeps_bands_and_leaves_out_those_nobody_is_counted_in() -> None:
    by_age = roll_up_by_age(CELLS, PLACE, "x")
    assert set(by_age["age_band"]) == {"60-64", "65-69"}
    assert set(by_age["cut"]) == {
        "all",
        "sex",
        "ethnic_group",
        "ethnic_group_5",
        "imd_quintile",
        "local_quintile",
        "sex*ethnic_group",
        "sex*imd_quintile",
        "ethnic_group_5*imd_quintile",
        "ethnic_group_5*local_quintile",
    }
    asked = (pl.col("area_code") == "M1") & (pl.col("cut") == "all")
    columns = ("age_band", "population", "denominator", "numerator")
    assert by_age.filter(asked).select(columns).rows() == [("60-64", 17, 14, 6), ("65-69", 5, 5, 1)]


def test_by_age_adds_up_to_the_whole(rolled: pl.DataFrame) -> None:
    keys = ["area_type", "area_code", "cut", "category"]
    added = roll_up_by_age(CELLS, PLACE, "x").group_by(keys).agg(pl.col("denominator", "numerator").sum())
    both = added.join(rolled, on=keys, how="left")
    assert both["denominator"].to_list() == both["x__denominator"].to_list()
    assert both["numerator"].to_list() == both["x__numerator"].to_list()


def test_pairs_join_the_categories_of_two_cuts(rolled: pl.DataFrame) -> None:
    assert row(rolled, "place", "PLACE", "ethnic_group_5*imd_quintile", "asian*1") == (12, 11, 3)
    assert row(rolled, "place", "PLACE", "sex*age_band", "not_known*60-64") == (2, 1, 0)
    assert row(rolled, "place", "PLACE", "sex*imd_quintile", "not_known*unknown") == (2, 1, 0)


GROUPS = pl.DataFrame(
    [
        {"cut": "plus_group", "category": "carers", "lsoa_code": "E1", "age_band": "60-64", "population": 4,
         "x__denominator": 3, "x__numerator": 1},
        {"cut": "plus_group", "category": "carers", "lsoa_code": "unknown", "age_band": "65-69",
         "population": 1, "x__denominator": 1, "x__numerator": 1},
        {"cut": "segment", "category": "well", "lsoa_code": "E3", "age_band": "20-24", "population": 9,
         "x__denominator": 2, "x__numerator": 0},
    ]
)  # fmt: skip


def test_areas_add_up_to_districts_and_to_integrated_care_boards_where_the_look_up_names_them(
    rolled: pl.DataFrame,
) -> None:
    assert "icb" not in rolled["area_type"]
    named = LSOAS.with_columns(pl.Series("icb_code", ["B1", "B1", None]))
    wider = roll_up(CELLS, Geography("PLACE", "Place", "2019", named, PRACTICES))
    everybody = wider.filter(pl.col("cut") == "all")
    of_lsoas = everybody.filter(area_type="lsoa").rows_by_key("area_code", named=True, unique=True)
    boards = everybody.filter(area_type="icb")
    assert boards["area_code"].to_list() == ["B1"]
    assert boards["population"].item() == sum(of_lsoas[code]["population"] for code in ("E1", "E2"))


def test_groups_of_people_add_up_to_msoas_and_the_place() -> None:
    rolled = roll_up(Cells(CELLS.frame, CELLS.practices, ("x",), GROUPS), PLACE)
    assert row(rolled, "msoa", "M1", "plus_group", "carers") == (4, 3, 1)
    assert row(rolled, "msoa", "unknown", "plus_group", "carers") == (1, 1, 1)
    assert row(rolled, "place", "PLACE", "plus_group", "carers") == (5, 4, 2)
    assert row(rolled, "place", "PLACE", "segment", "well") == (9, 2, 0)


def test_groups_of_people_keep_their_ages_for_standardised_rates() -> None:
    by_age = roll_up_by_age(Cells(CELLS.frame, CELLS.practices, ("x",), GROUPS), PLACE, "x")
    carers = by_age.filter(pl.col("area_type") == "place", pl.col("cut") == "plus_group")
    assert carers.select("age_band", "numerator").rows() == [("60-64", 1), ("65-69", 1)]
